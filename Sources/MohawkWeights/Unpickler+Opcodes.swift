import MohawkTensor

extension Unpickler {
  mutating func execute(_ opcode: UInt8) throws(PickleFault) {
    switch opcode {
    case 0x95: _ = try number(8)  // a frame's length, of use to readers of streams only
    case UInt8(ascii: "("):
      marks.append(stack.count)
      try keep(0)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popMark()
    case UInt8(ascii: "2"): try push(top())

    case UInt8(ascii: "N"): try push(.none)
    case 0x88: try push(.bool(true))
    case 0x89: try push(.bool(false))
    case UInt8(ascii: "J"): try push(.int(Int(Int32(truncatingIfNeeded: number(4)))))
    case UInt8(ascii: "K"): try push(.int(Int(number(1))))
    case UInt8(ascii: "M"): try push(.int(Int(number(2))))
    case 0x8A: try push(wholeNumber(counted(1)))
    case 0x8B: try push(wholeNumber(counted(4)))
    case UInt8(ascii: "G"):
      _ = try number(8)
      try push(.other)

    case UInt8(ascii: "X"), UInt8(ascii: "T"): try push(text: counted(4))
    case 0x8C, UInt8(ascii: "U"): try push(text: counted(1))
    case 0x8D: try push(text: counted(8))
    case UInt8(ascii: "B"):
      _ = try counted(4)
      try push(.other)
    case UInt8(ascii: "C"):
      _ = try counted(1)
      try push(.other)
    case 0x8E, 0x96:
      _ = try counted(8)
      try push(.other)

    case UInt8(ascii: ")"): try newTuple(0)
    case 0x85: try newTuple(1)
    case 0x86: try newTuple(2)
    case 0x87: try newTuple(3)
    case UInt8(ascii: "t"):
      let items = try popMark()
      try push(.tuple(newList(items)))
    case UInt8(ascii: "]"): try push(.list(newList([])))
    case UInt8(ascii: "l"):
      let items = try popMark()
      try push(.list(newList(items)))
    case UInt8(ascii: "a"):
      let item = try pop()
      try append([item])
    case UInt8(ascii: "e"): try append(popMark())
    case UInt8(ascii: "}"): try push(newDictionary())
    case UInt8(ascii: "d"):
      let items = try popMark()
      try push(newDictionary())
      try set(items)
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try set([key, value])
    case UInt8(ascii: "u"): try set(popMark())
    case 0x8F: try push(.other)  // a set, whose members nobody needs
    case 0x90:
      _ = try popMark()
      guard case .other = try top() else { throw fault("it adds to what is not a set") }
    case 0x91:
      _ = try popMark()
      try push(.other)

    case UInt8(ascii: "q"): try memoize(UInt32(number(1)))
    case UInt8(ascii: "r"): try memoize(UInt32(number(4)))
    case 0x94: try memoize(UInt32(memo.count))
    case UInt8(ascii: "h"): try recall(UInt32(number(1)))
    case UInt8(ascii: "j"): try recall(UInt32(number(4)))

    case UInt8(ascii: "c"):
      let module = try line()
      let name = try line()
      try push(global(module, name))
    case 0x93:
      guard case .text(let name, let nameCount) = try pop(), case .text(let module, let moduleCount) = try pop() else {
        throw fault("it asks for a name that is not a text")
      }
      try push(global(Int(module)..<Int(module) + Int(moduleCount), Int(name)..<Int(name) + Int(nameCount)))
    case UInt8(ascii: "Q"): try storage(pop())
    case UInt8(ascii: "R"):
      let arguments = try pop()
      let function = try pop()
      try push(call(function, arguments))
    case UInt8(ascii: "b"):
      _ = try pop()  // attributes, such as the versions of a state_dict's modules: no weights
      switch try top() {
      case .dictionary, .tensor, .other: break
      default: throw fault("it sets attributes of what has none")
      }
    default: throw fault("it holds the opcode \(opcode), which no file of torch.save has")
    }
  }

  /// Two's complement of any length.
  private func wholeNumber(_ range: Range<Int>) -> PickleValue {
    guard range.count <= 8 else { return .other }
    var value = UInt64(0)
    for (index, byte) in bytes[range].enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
    let unused = UInt64(64 - 8 * range.count)
    return .int(range.isEmpty ? 0 : Int(Int64(bitPattern: value << unused) >> Int64(unused)))
  }

  private mutating func recall(_ index: UInt32) throws(PickleFault) {
    guard let value = memo[index] else { throw fault("it recalls value \(index), which it never kept") }
    try push(value)
  }

  private func global(_ module: Range<Int>, _ name: Range<Int>) throws(PickleFault) -> PickleValue {
    guard let module = string(module), let name = string(name) else {
      throw fault("it asks for a name that is no text")
    }
    let full = module + "." + name
    guard let known = PickleGlobal(full) else {
      throw PickleFault(reason: "it asks for \(quoted(full))", position: position, asksFor: full)
    }
    return .global(known)
  }
}
