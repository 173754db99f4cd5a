import ArgumentParser
import Foundation
import MohawkCommands
import MohawkExport
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkTensor

/// Writes a model in another format.
struct Convert: ParsableCommand, ReadsCheckpoints {
  static let configuration = CommandConfiguration(
    abstract: "Writes a model in another format: the same numbers under other names.",
    discussion: """
      Weights are read through memory maps and written one tensor at a time, so that a model larger than memory can be
      converted. A format that cannot hold the model is refused with the reason and with those that can.
      """)

  @Argument(
    help: "A model: a folder in any known format, its weights in safetensors or PyTorch's files, or a GGUF file.")
  var input: String
  @Argument(help: "The folder to write, or with --to gguf the file; a model that is there is replaced.")
  var output: String
  @Option(help: "hf (as it is), granite, bamba, mamba2, phi-mamba, state-spaces, mohawk, …, or gguf.") var to = "hf"
  @Option(
    help: "Type of the numbers: f32, bf16 or f16; for gguf also q8_0, q5_0, q4_0, q4_k. As they are when not given.")
  var type: String?
  @Flag(help: "Leaves the tokenizer out of a gguf file, which then knows ids only.") var withoutTokenizer = false
  @Flag(
    help:
      "For gguf: writes the tokenizer also where llama.cpp puts a space before more texts than it does; the difference is reported."
  ) var nearestTokenizer = false
  @OptionGroup var reading: CheckpointFlags
  var modelPaths: [WritableKeyPath<Self, String>] { [\.input] }

  func run() throws {
    guard input != output else {
      throw MohawkError(.invalidValue, "input and output are the same folder", at: input, remedy: "name another one")
    }
    if to == "gguf" { return try writeGGUF() }
    let format = try Self.format(to)
    try ModelFolder.requireReplaceable(output, apartFrom: input)
    let model = try Conversion.open(input, as: format)
    let dtype = try type.map(Self.dtype)
    try AtomicFolder.create(output) { partial in
      try ModelFolder.write(model, to: partial, carryingFrom: input, as: dtype, card: card)
    }
    Terminal.say("\(output) holds \(model.parameters.count) parameters as \(model.configuration.format.rawValue)")
  }

  /// One file for llama.cpp and what is built on it.
  private func writeGGUF() throws {
    let (model, hasTokenizer, stored) = try GGUFExport.write(
      folder: input, to: output, type: type.map(Self.blockType), withTokenizer: !withoutTokenizer,
      nearestTokenizer: nearestTokenizer)
    let vocabulary = hasTokenizer ? "its tokenizer" : "no tokenizer"
    for kind in stored.substitutes {
      Terminal.complain(
        "mohawk: rows of \(kind.rowLength) numbers are not whole blocks of \(kind.wanted) (\(kind.wanted.blockSize)): "
          + "\(kind.count) matrices are \(kind.taken) instead")
    }
    let others = Dictionary(grouping: stored.substitutes, by: \.taken.name).sorted { $0.key < $1.key }
    let counts = others.map { name, kinds in
      "\(kinds.reduce(0) { $0 + $1.count }) of \(stored.matrices) matrices as \(name)"
    }
    let line = ["\(output) holds \(model.parameters.count) parameters and \(vocabulary)"] + counts
    Terminal.say(line.joined(separator: ", "))
  }

  private var card: String? {
    (try? MappedFile(input + "/README.md").withBytes { String(decoding: $0, as: UTF8.self) })
  }

  /// nil keeps the input's own.
  static func format(_ name: String) throws -> CheckpointFormat? {
    if name == "hf" { return nil }
    if name == "granite" { return .graniteHybrid }
    if let format = CheckpointFormat(rawValue: name) { return format }
    let known = ["hf", "gguf"] + CheckpointFormat.allCases.map(\.rawValue)
    throw MohawkError(
      .invalidValue, "the format '\(name)' is not known", remedy: "use one of \(known.joined(separator: ", "))")
  }

  static func blockType(_ name: String) throws -> GGUFType {
    let short = ["fp32": "f32", "fp16": "f16"][name.lowercased()] ?? name
    guard let type = GGUFType(name: short), type.isWritable else {
      throw MohawkError(
        .invalidValue, "the type '\(name)' is not known", remedy: "use f32, bf16, f16, q8_0, q5_0, q4_0 or q4_k")
    }
    return type
  }

  static func dtype(_ name: String) throws -> DType {
    switch name.lowercased() {
    case "f32", "fp32": return .float32
    case "bf16": return .bfloat16
    case "f16", "fp16": return .float16
    default:
      throw MohawkError(
        .invalidValue, "the type '\(name)' is not known",
        remedy: "use f32, bf16 or f16; gguf also knows q8_0, q5_0, q4_0 and q4_k")
    }
  }
}
