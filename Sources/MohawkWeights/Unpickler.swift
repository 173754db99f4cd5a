import MohawkTensor

/// What is wrong with a pickle, and at which byte.
struct PickleFault: Error {
  let reason: String
  let position: Int
  /// The full name that the file asks for, when that is what is wrong.
  var asksFor: String?
}

/// A machine for Python's pickles that can make dictionaries, lists, numbers, texts and descriptions of tensors, and nothing
/// else: names of functions and classes are compared with a short list, never called.
///
/// Source: the opcodes of protocols 2 to 5 in Python's `pickletools`. It does not recurse. What it keeps is counted and
/// bounded by the size of the file, whatever the pickle claims.
struct Unpickler {
  let bytes: UnsafeRawBufferPointer
  /// The next byte.
  var position = 0
  var stack: [PickleValue] = []
  /// Heights of the stack at the marks.
  var marks: [Int] = []
  var memo: [UInt32: PickleValue] = [:]

  var lists: [[PickleValue]] = []
  var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  var storages: [PickledStorage] = []
  var tensors: [PickledTensor] = []

  /// How many values are kept outside the stack, and how many may be kept at all.
  private(set) var kept = 0
  let limit: Int

  /// - Parameters:
  ///   - bytes: the pickle.
  ///   - fileSize: the size of the file it is in, which bounds what is kept: 16 bytes a value, about 32 MB and as much as
  ///     the file.
  init(_ bytes: UnsafeRawBufferPointer, fileSize: Int) {
    self.bytes = bytes
    limit = 2_000_000 + fileSize / 16
  }

  /// Runs the pickle to its end.
  mutating func run() throws(PickleFault) -> PickleValue {
    guard bytes.count < Int(UInt32.max) else { throw fault("it is longer than 4 GB") }
    guard try byte() == 0x80, case let version = try byte(), (2...5).contains(version) else {
      throw fault("it is not of the protocols 2 to 5")
    }
    while true {
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") { break }
      try execute(opcode)
    }
    guard marks.isEmpty, stack.count == 1 else { throw fault("it ends with \(stack.count) values instead of one") }
    return stack[0]
  }

  func fault(_ reason: String) -> PickleFault { PickleFault(reason: reason, position: position) }

  /// Counts what is about to be kept.
  mutating func keep(_ count: Int) throws(PickleFault) {
    kept += count
    guard kept + stack.count + marks.count <= limit else {
      throw fault("it holds more values than a file of this size can need")
    }
  }

  // MARK: reading

  mutating func byte() throws(PickleFault) -> UInt8 {
    guard position < bytes.count else { throw fault("it does not end") }
    position += 1
    return bytes[position - 1]
  }

  /// A little-endian number of `size` bytes without sign.
  mutating func number(_ size: Int) throws(PickleFault) -> UInt64 {
    guard size <= bytes.count - position else { throw fault("it does not end") }
    var value: UInt64 = 0
    for index in 0..<size { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += size
    return value
  }

  /// The place of the next bytes, as many as a number of `size` bytes before them says.
  mutating func counted(_ size: Int) throws(PickleFault) -> Range<Int> {
    let claimed = try number(size)
    guard claimed <= UInt64(bytes.count - position) else {
      throw fault("it claims \(claimed) bytes where \(bytes.count - position) are left")
    }
    let start = position
    position += Int(claimed)
    return start..<position
  }

  /// The place of a line, without its end.
  mutating func line() throws(PickleFault) -> Range<Int> {
    let start = position
    while try byte() != 0x0A {}
    return start..<position - 1
  }

  /// The text in a range, when it is UTF-8.
  func string(_ range: Range<Int>) -> String? { String(validating: bytes[range], as: UTF8.self) }

  func string(_ value: PickleValue) -> String? {
    guard case .text(let start, let count) = value else { return nil }
    return string(Int(start)..<Int(start) + Int(count))
  }

  // MARK: the stack

  mutating func push(_ value: PickleValue) throws(PickleFault) {
    stack.append(value)
    try keep(0)
  }

  mutating func push(text range: Range<Int>) throws(PickleFault) {
    try push(.text(start: UInt32(range.lowerBound), count: UInt32(range.count)))
  }

  /// Takes the last value after the last mark.
  mutating func pop() throws(PickleFault) -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw fault("it takes more values than there are") }
    return stack.removeLast()
  }

  func top() throws(PickleFault) -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw fault("it takes more values than there are") }
    return stack[stack.count - 1]
  }

  /// Takes the last mark and everything after it.
  mutating func popMark() throws(PickleFault) -> [PickleValue] {
    guard let height = marks.popLast() else { throw fault("it has no mark where one is needed") }
    let items = Array(stack[height...])
    stack.removeLast(stack.count - height)
    return items
  }

  // MARK: containers

  mutating func newList(_ items: [PickleValue]) throws(PickleFault) -> UInt32 {
    try keep(4 + items.count)
    lists.append(items)
    return UInt32(lists.count - 1)
  }

  mutating func newTuple(_ count: Int) throws(PickleFault) {
    guard stack.count - (marks.last ?? 0) >= count else { throw fault("it takes more values than there are") }
    let items = Array(stack[(stack.count - count)...])
    stack.removeLast(count)
    try push(.tuple(newList(items)))
  }

  mutating func newDictionary() throws(PickleFault) -> PickleValue {
    try keep(4)
    dictionaries.append([])
    return .dictionary(UInt32(dictionaries.count - 1))
  }

  mutating func append(_ items: [PickleValue]) throws(PickleFault) {
    switch try top() {
    case .list(let list):
      try keep(items.count)
      lists[Int(list)] += items
    case .other: return  // a set
    default: throw fault("it appends to what is not a list")
    }
  }

  mutating func set(_ items: [PickleValue]) throws(PickleFault) {
    guard case .dictionary(let dictionary) = try top(), items.count % 2 == 0 else {
      throw fault("it sets members of what is not a dictionary")
    }
    try keep(items.count)
    for index in stride(from: 0, to: items.count, by: 2) {
      dictionaries[Int(dictionary)].append((items[index], items[index + 1]))
    }
  }

  mutating func memoize(_ index: UInt32) throws(PickleFault) {
    let value = try top()
    if memo.updateValue(value, forKey: index) == nil { try keep(3) }
  }
}
