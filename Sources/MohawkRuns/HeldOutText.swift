import MohawkFiles
import MohawkTensor
import MohawkText

/// The beginning of a text as windows to judge models by.
public struct HeldOutText {
  /// [rows, length + 1]
  public let windows: [Tensor]
  /// UTF-8 bytes of the text that the windows predict; tokens that begin and end texts are none of it.
  public let bytes: Int
  /// What of the text was passed over or left out, in sentences.
  public let notices: [String]

  /// - Parameters:
  ///   - paths: text files or folders; the built-in stories when empty.
  ///   - tokenizer: what gives the ids.
  ///   - options: how documents lie in the files.
  ///   - length: tokens that a window predicts.
  ///   - tokens: tokens at most.
  ///   - vocabulary: rows of the model.
  ///   - device: where the windows are needed.
  public init(
    _ paths: [String], _ tokenizer: Tokenizer, options: CorpusOptions = CorpusOptions(), length: Int, tokens: Int,
    vocabulary: Int, device: Device = .cpu
  ) throws {
    try tokenizer.requireFit(rows: vocabulary)
    var ids: [Int32] = []
    var passed: [String] = []
    func add(_ source: some DocumentSource) throws {
      try source.visitDocuments { document in
        ids += tokenizer.textPrefix
        ids += tokenizer.encode(document)
        if let end = tokenizer.endOfText { ids.append(end) }
        return ids.count <= tokens
      }
    }
    if paths.isEmpty {
      try add(StorySource(StoryGenerator(seed: 0), indices: 2_000_000_000..<2_000_000_000 + max(64, tokens / 50)))
    } else {
      let corpus = try Corpus(paths: paths, options)
      try add(corpus)
      passed = corpus.notices + corpus.findings
    }
    try tokenizer.requireRows(ids, rows: vocabulary)
    notices = passed
    guard tokens >= length else {
      throw MohawkError(
        .invalidValue, "\(tokens) tokens are asked for, one sequence has \(length)",
        remedy: "ask for more tokens, or give a smaller length")
    }
    let count = min(tokens / length, (ids.count - 1) / length)
    guard count > 0 else {
      throw MohawkError(
        .invalidValue, "the text has \(ids.count) tokens, one sequence needs \(length + 1)", at: paths.first,
        remedy: "give more text, or a smaller length")
    }
    let rows = max(1, 4096 / length)
    windows = stride(from: 0, to: count, by: rows).map { first in
      let some = first..<min(first + rows, count)
      return Tensor(some.flatMap { ids[$0 * length..<$0 * length + length + 1] }, shape: [some.count, length + 1])
        .to(.int64, on: device)
    }
    bytes = try tokenizer.decodeBytes(ids[1...count * length], skippingSpecial: true).count
  }
}
