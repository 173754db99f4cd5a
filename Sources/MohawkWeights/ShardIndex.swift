import MohawkFiles
import MohawkTensor

/// The index of a checkpoint in several files: `{"metadata": {…}, "weight_map": {tensor: file}}`.
///
/// Source: `model.safetensors.index.json` and `pytorch_model.bin.index.json` as Hugging Face's packages write them.
struct ShardIndex: Sendable {
  /// The file of every tensor, a plain name in the folder of the index.
  private(set) var files: [String: String] = [:]

  /// The files without repetition, by name.
  var shards: [String] { Set(files.values).sorted() }

  /// An index to be written.
  init(files: [String: String]) { self.files = files }

  /// Reads and checks an index.
  /// - Throws: `MohawkError` that names the index, and the file name when it would lead out of the folder.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    do {
      try read(bytes, path: path)
    } catch let fault as SafetensorsJSON.Fault {
      throw MohawkError(
        .invalidFormat, "the index is damaged at byte \(fault.position): \(fault.reason)", at: path,
        remedy: "fetch or write the file again")
    }
    guard !files.isEmpty else {
      throw MohawkError(
        .invalidFormat, "the index has no weight_map that names a tensor", at: path,
        remedy: "fetch or write the file again")
    }
  }

  private mutating func read(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    var json = SafetensorsJSON(bytes)
    var known: Set<String> = []
    try json.expect("{", "the index")
    if !json.take("}") {
      repeat {
        let key = try json.string("the index")
        try json.expect(":", "the index")
        guard known.insert(key).inserted else { throw json.fault("the key \(quoted(key)) occurs twice") }
        if key == "weight_map" {
          try readMap(&json, path: path)
        } else {
          try json.skipValue(quoted(key))
        }
      } while json.take(",")
      try json.expect("}", "the index")
    }
    try json.expectEnd()
  }

  private mutating func readMap(_ json: inout SafetensorsJSON, path: String) throws {
    try json.expect("{", "weight_map")
    if json.take("}") { return }
    repeat {
      let name = try json.string("weight_map")
      try json.expect(":", "weight_map")
      let file = try json.string("weight_map")
      guard Self.isPlain(file) else {
        throw MohawkError(
          .invalidValue, "tensor \(quoted(name)) is said to be in \(quoted(file)), which is not a plain file name",
          at: path, remedy: "shards lie beside their index: do not use this file if you do not trust its source")
      }
      guard files.updateValue(file, forKey: name) == nil else {
        throw json.fault("tensor \(quoted(name)) occurs twice in weight_map")
      }
    } while json.take(",")
    try json.expect("}", "weight_map")
  }

  /// Whether a name stays in its folder on every system.
  private static func isPlain(_ file: String) -> Bool {
    guard !file.isEmpty, file != ".", file != "..", file.utf8.count <= 255 else { return false }
    return file.unicodeScalars.allSatisfy {
      $0 != "/" && $0 != "\\" && $0 != ":" && $0.properties.generalCategory != .control
    }
  }

  /// The index as Hugging Face's packages write it: two spaces, keys in order, ASCII only.
  /// - Parameter totalBytes: bytes of all tensors.
  func text(totalBytes: Int) -> String {
    let names = files.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let lines = names.map { "    \(Self.ascii($0)): \(Self.ascii(files[$0]!))" }
    return """
      {
        "metadata": {
          "total_size": \(totalBytes)
        },
        "weight_map": {
      \(lines.joined(separator: ",\n"))
        }
      }

      """
  }

  private static func ascii(_ text: String) -> String {
    var result = "\""
    for unit in text.utf16 {
      switch unit {
      case 0x22: result += "\\\""
      case 0x5C: result += "\\\\"
      case 0x0A: result += "\\n"
      case 0x0D: result += "\\r"
      case 0x09: result += "\\t"
      case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return result + "\""
  }
}
