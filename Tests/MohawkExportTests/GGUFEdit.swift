import Foundation
import MohawkGGUF

/// A GGUF file's keys and tensors, to be changed and written anew.
struct GGUFEdit {
  var keys: [(name: String, value: GGUFValue)] = []
  var tensors: [GGUFTensor] = []

  init() {}

  init(_ path: String) throws {
    let file = try GGUFFile(path)
    keys = try file.keys.compactMap { key in try file.value(key).map { (key, $0) } }
    tensors = file.tensors.map { tensor in
      GGUFTensor(
        tensor.name, shape: tensor.shape, type: tensor.type, bytes: { file.withBytes(of: tensor) { Data($0) } })
    }
  }

  /// Sets a key, or removes it.
  mutating func set(_ key: String, _ value: GGUFValue?) {
    keys.removeAll { $0.name == key }
    if let value { keys.append((key, value)) }
  }

  /// Puts a tensor in the place of the one of this name, or removes that.
  mutating func replace(_ name: String, by tensor: GGUFTensor?) {
    tensors.removeAll { $0.name == name }
    if let tensor { tensors.append(tensor) }
  }

  func write(to path: String) throws {
    var writer = GGUFWriter()
    for (name, value) in keys { writer.set(name, value) }
    for tensor in tensors { writer.add(tensor) }
    try writer.write(to: path)
  }

  /// Writes parts as llama.cpp's `llama-gguf-split` does: the keys in the first.
  func write(parts count: Int, in folder: String) throws -> [String] {
    let size = (tensors.count + count - 1) / count
    return try (0..<count).map { number in
      var part = GGUFEdit()
      if number == 0 { part.keys = keys }
      part.set("split.no", .uint16(UInt16(number)))
      part.set("split.count", .uint16(UInt16(count)))
      part.set("split.tensors.count", .int32(Int32(tensors.count)))
      part.tensors = Array(tensors.dropFirst(number * size).prefix(size))
      let name = String(format: "model-%05d-of-%05d.gguf", number + 1, count)
      try part.write(to: folder + "/" + name)
      return folder + "/" + name
    }
  }
}
