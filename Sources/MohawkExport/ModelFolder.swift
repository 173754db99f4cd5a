import Foundation
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// A model's folder as Hugging Face's tools expect it: configuration, weights, generation settings, tokenizer, card.
public enum ModelFolder {
  /// Writes a model into a folder and opens it again to see that it is the same model.
  ///
  /// A format that transformers does not know gets Python code beside its weights, and `auto_map` in its
  /// `config.json`: `AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)` then opens it. Where the code
  /// does not know one of the mixers there is none, and a notice says so.
  /// - Parameters:
  ///   - model: what is written.
  ///   - folder: made when it is not there.
  ///   - source: the folder whose tokenizer files and generation settings are carried over.
  ///   - tokenizer: written when `source` brings none.
  ///   - dtype: the type of the weights in the files; nil keeps that of each in memory.
  ///   - card: the text of `README.md`; nil writes none.
  ///   - shardBytes: bytes of a shard at most.
  /// - Throws: `MohawkError` when the format cannot hold the model, a number is too large for `dtype`, a file cannot be written, or what is read back
  ///   computes something else.
  public static func write(
    _ model: Decoder, to folder: String, carryingFrom source: String? = nil, tokenizer: Tokenizer? = nil,
    as dtype: DType? = nil, card: String? = nil, shardBytes: Int = 5_000_000_000
  ) throws {
    if let dtype { try requireRange(model, of: dtype) }
    try model.write(to: folder, as: dtype, shardBytes: shardBytes)
    try TransformersCode(for: model.configuration)?.write(to: folder)
    for mixer in model.configuration.mixersWithoutPythonCode {
      Notice.report(
        "no other tool opens this folder: there is no Python code that computes \(mixer)", at: folder)
    }
    let carried = try source.map { try TokenizerFiles.copy(from: $0, to: folder) } ?? []
    if let tokenizer, !carried.contains("tokenizer.json") { try tokenizer.write(to: folder + "/tokenizer.json") }
    try TokenizerConfig.writeIfMissing(for: model, to: folder)
    try GenerationConfig.write(model.configuration.tokens, from: source, to: folder)
    if let card { try AtomicFile.write(Data(card.utf8), to: folder + "/README.md") }
    try verify(folder, is: model, written: dtype)
  }

  /// Refuses numbers that a type would make infinite.
  private static func requireRange(_ model: Decoder, of dtype: DType) throws {
    func finite(_ tensor: Tensor) -> Int { tensor.isFinite().to(.int64).sum().intItem() }
    try withoutGradients {
      for parameter in model.parameters.all where parameter.value.dtype != dtype {
        let flat = parameter.value.detached().reshaped(-1)
        for start in stride(from: 0, to: flat.count, by: 1 << 22) {
          let slice = flat.narrowed(0, from: start, length: min(1 << 22, flat.count - start)).to(on: .cpu)
          guard finite(slice) == finite(slice.to(dtype)) else {
            throw MohawkError(
              .outOfRange, "a value is too large for \(dtype)", at: parameter.name,
              remedy: "write bf16 or f32, which reach as far as the numbers do")
          }
        }
      }
    }
  }

  /// Opens what was written and compares every weight and the logits of a few tokens.
  static func verify(_ folder: String, is model: Decoder, written dtype: DType?) throws {
    func fail(_ what: String) -> MohawkError {
      MohawkError(
        .mismatch, "what was written is not what is read back: \(what)", at: folder,
        remedy: "check the disk, and write it again")
    }
    let again = try Decoder.open(folder, dtype: nil)
    try withoutGradients {
      for parameter in model.parameters.all {
        guard let other = again.parameters[parameter.name]?.value else { throw fail("\(parameter.name) is missing") }
        guard equal(parameter.value, other, written: dtype) else { throw fail(parameter.name) }
      }
    }
    guard again.configuration.format == model.configuration.format,
      again.configuration.mixers == model.configuration.mixers
    else { throw fail("config.json describes another model") }
  }

  /// Slice by slice, so that no second copy of a large tensor is made. NaN is taken as equal to everything: a model that
  /// holds one is written all the same.
  private static func equal(_ value: Tensor, _ other: Tensor, written dtype: DType?) -> Bool {
    guard value.shape == other.shape else { return false }
    let (mine, theirs) = (value.detached().reshaped(-1), other.detached().reshaped(-1))
    let slice = 1 << 22
    return stride(from: 0, to: mine.count, by: slice).allSatisfy { start in
      let length = min(slice, mine.count - start)
      let wanted = mine.narrowed(0, from: start, length: length).to(dtype, on: .cpu)
      let found = theirs.narrowed(0, from: start, length: length).to(wanted.dtype)
      return wanted.differs(found).and(wanted.isFinite()).to(.int64).sum().intItem() == 0
    }
  }
}
