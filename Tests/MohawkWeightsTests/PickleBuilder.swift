/// Pickles of protocol 2 as torch.save writes them, piece by piece.
enum Pickle {
  static func file(_ parts: [UInt8]...) -> [UInt8] { [0x80, 2] + parts.flatMap { $0 } + Array(".".utf8) }
  static func op(_ opcode: Character) -> [UInt8] { [opcode.asciiValue!] }
  static func text(_ text: String) -> [UInt8] { op("X") + le(UInt64(text.utf8.count), 4) + Array(text.utf8) }
  static func int(_ value: Int) -> [UInt8] {
    value >= 0 && value < 256 ? op("K") + [UInt8(value)] : [0x8A, 8] + le(UInt64(bitPattern: Int64(value)), 8)
  }
  static func global(_ module: String, _ name: String) -> [UInt8] { op("c") + Array("\(module)\n\(name)\n".utf8) }
  static func tuple(_ items: [[UInt8]]) -> [UInt8] { op("(") + items.flatMap { $0 } + op("t") }
  static func dictionary(_ members: [([UInt8], [UInt8])]) -> [UInt8] {
    op("}") + op("(") + members.flatMap { $0.0 + $0.1 } + op("u")
  }
  static func storage(_ key: String, count: Int, type: String = "FloatStorage") -> [UInt8] {
    tuple([text("storage"), global("torch", type), text(key), text("cpu"), int(count)]) + op("Q")
  }
  static func tensor(
    _ key: String = "0", count: Int, offset: Int = 0, sizes: [Int], strides: [Int], type: String = "FloatStorage"
  ) -> [UInt8] {
    let arguments = [
      storage(key, count: count, type: type), int(offset), tuple(sizes.map(int)), tuple(strides.map(int)), [0x89],
      global("collections", "OrderedDict") + op(")") + op("R"),
    ]
    return global("torch._utils", "_rebuild_tensor_v2") + tuple(arguments) + op("R")
  }
}
