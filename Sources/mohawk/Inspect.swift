import ArgumentParser
import Foundation
import MohawkCommands
import MohawkExport
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkReports
import MohawkText
import MohawkWeights

extension GGUFValue {
  /// The value without its type; an array by its length.
  var plain: String {
    switch self {
    case .uint8(let n): "\(n)"
    case .int8(let n): "\(n)"
    case .uint16(let n): "\(n)"
    case .int16(let n): "\(n)"
    case .uint32(let n): "\(n)"
    case .int32(let n): "\(n)"
    case .uint64(let n): "\(n)"
    case .int64(let n): "\(n)"
    case .float32(let n): "\(n)"
    case .float64(let n): "\(n)"
    case .bool(let flag): "\(flag)"
    case .string(let text): text.split(whereSeparator: \.isNewline).joined(separator: " ")
    case .array(let array): "\(array.count) values"
    }
  }
}

/// Shows what a checkpoint holds.
struct Inspect: ParsableCommand, HasModelPaths {
  static let configuration = CommandConfiguration(
    abstract: "Shows a checkpoint as a tree of modules with shapes, types, parameter counts and memory.",
    discussion: "Reads names and shapes only, however large the checkpoint is.")

  @Argument(help: "A model's folder, or a file: .safetensors, .bin, .pt, .gguf.") var path: String
  @Flag(help: "One line for every tensor instead of a tree.") var flat = false
  var modelPaths: [WritableKeyPath<Self, String>] { [\.path] }

  func run() throws {
    if GGUFFile.isOne(path) { return try showGGUF() }
    let store = try Weights.open(WeightsPath.of(folder: path))
    showModel()
    let tree = WeightTree(store)
    if flat {
      for name in store.names.sorted() {
        if let shape = store.shape(of: name) { Terminal.say("\(name)  \(shape.sizes)  \(shape.dtype)") }
      }
    } else {
      for line in tree.lines { Terminal.say(line) }
    }
    let types = tree.types.map { "\(WeightTree.grouped($0.elements)) \($0.dtype)" }.joined(separator: ", ")
    Terminal.say("\n\(WeightTree.grouped(tree.elements)) parameters (\(types)), \(Self.size(tree.bytes)) on disk")
    Terminal.say("weights in memory: \(Self.size(tree.elements * 4)) in fp32, \(Self.size(tree.elements * 2)) in bf16")
  }

  /// What `config.json` or a file's metadata say; a checkpoint of an unknown architecture still has its tree.
  private func showModel() {
    do {
      let isModel = GGUFFile.isOne(path) || FileManager.default.fileExists(atPath: path + "/config.json")
      guard isModel else { return }
      let model = try DecoderConfiguration.withWeights(path).configuration
      var table = Table([.init("model"), .init("")])
      for (name, value) in model.facts { table.add([name, value]) }
      table.add(["tokenizer", tokenizerFact()])
      Terminal.say(table.text)
    } catch {
      Terminal.say("The model itself cannot be opened here: \(error)\n")
    }
  }

  /// What is known of the tokenizer, or why nothing is.
  private func tokenizerFact() -> String {
    do {
      let vocabulary = try Tokenizer(folder: path)
      return "\(vocabulary.vocabularySize) tokens, highest id \(vocabulary.highestID)"
    } catch let error as MohawkError {
      return "none: \(error.message)"
    } catch {
      return "none: \(error)"
    }
  }

  private func showGGUF() throws {
    let file = try GGUFFile(path)
    showModel()
    var table = Table([.init("key"), .init("value")])
    for key in file.keys {
      guard let value = try file.value(key) else { continue }
      table.add([key, Self.short(value)])
    }
    Terminal.say(table.text)
    var tensors = Table([.init("tensor"), .init("shape"), .init("type"), .init("bytes", .right)])
    let parts = try GGUFWeights(path)
    for tensor in parts.tensors {
      tensors.add([tensor.name, "\(tensor.shape)", tensor.type.name, WeightTree.grouped(tensor.byteCount)])
    }
    Terminal.say(tensors.text)
    let elements = parts.tensors.reduce(0) { $0 + $1.elementCount }
    let bytes = parts.tensors.reduce(0) { $0 + $1.byteCount }
    let types = Dictionary(grouping: parts.tensors, by: \.type.name)
      .map { ($0.key, $0.value.reduce(0) { $0 + $1.elementCount }) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
      .map { "\(WeightTree.grouped($0.1)) \($0.0)" }
    let files = parts.files.count > 1 ? " in \(parts.files.count) files" : ""
    Terminal.say(
      "\(WeightTree.grouped(elements)) parameters (\(types.joined(separator: ", "))), \(Self.size(bytes))\(files)")
    if parts.tensors.contains(where: \.type.isQuantized) {
      Terminal.say("decoded with int8 matrices when no other --weights are asked for")
    }
  }

  private static func short(_ value: GGUFValue) -> String {
    let text = value.plain
    return text.count > 80 ? text.prefix(80) + "…" : text
  }

  /// Bytes as MiB or GiB.
  static func size(_ bytes: Int) -> String {
    bytes < 1 << 30
      ? String(format: "%.1f MiB", Double(bytes) / 1_048_576)
      : String(format: "%.2f GiB", Double(bytes) / 1_073_741_824)
  }
}
