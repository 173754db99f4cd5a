import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTensor
import MohawkText
import MohawkTraining

/// The tokens of a run: what it trains on, in seeded order, and what it is judged by.
public struct RunData {
  /// Of all text of the run.
  public let tokenizer: Tokenizer
  /// What is trained on, in seeded order.
  public let training: TokenBatches
  /// Windows [rows, length + 1] of held-out text.
  public let heldOut: [Tensor]
  /// UTF-8 bytes of the tokens that the held-out windows predict.
  public let heldOutBytes: Int
  /// Tokens that the held-out windows predict.
  public var heldOutTokens: Int { heldOut.reduce(0) { $0 + $1.size(0) * ($1.size(1) - 1) } }
  /// The fingerprint of what the tokens were made from, and of the teacher.
  let sources: String
  /// Whether only answers count in the losses that can leave out tokens.
  let lossOnAnswers: Bool
  private let device: Device

  /// The samples of the seeded order with these numbers.
  public func batch(samples: Range<Int>) -> Tensor {
    Tensor(training.batch(samples: samples), shape: [samples.count, training.length + 1]).to(.int64, on: device)
  }

  /// The samples of the seeded order with these numbers, as a stage trains on them.
  /// - Parameter stage: one whose loss can leave out tokens gets a loss mask where the recipe asks for one.
  func batch(samples: Range<Int>, for stage: any TrainingStage) -> TrainingBatch {
    TrainingBatch(
      batch(samples: samples),
      lossMask: lossOnAnswers && stage.takesLossMask ? training.lossMask(samples: samples) : nil)
  }

  /// How often the stages see a text that is shorter than their budgets, in a sentence; nil where they see none of it twice.
  func repetition(_ recipe: Recipe) -> String? {
    let wanted = (recipe.stages.map { recipe.samples(of: $0).upperBound }.max() ?? 0) - recipe.data.skip
    guard wanted > training.windows else { return nil }
    let (length, times) = (training.length, Double(wanted) / Double(training.windows))
    return
      "the text holds \(Number.whole(training.windows * length)) tokens to train on, the stages take \(Number.whole(wanted * length)): they see it \(Number.short(times)) times; --tokens \(training.windows * length) would see it once"
  }

  /// Encodes what the recipe names, or opens what an earlier start of the same run encoded.
  /// - Parameters:
  ///   - recipe: what to read, and in what lengths.
  ///   - folder: where shards and tokenizer are kept.
  ///   - tokenizerPath: the tokenizer to use; trained on the text when nil.
  ///   - vocabulary: rows of the model's embedding, nil when the model is still to be made.
  ///   - device: where batches are needed.
  ///   - teacher: the digest of the teacher that the run learns from; nil where there is none.
  ///   - hasLearnt: whether weights were saved that come from the tokens, so that these must stay as they are.
  ///   - stream: runs of one seed and different streams see the text in different orders.
  ///   - notice: told about long work.
  ///   - shouldStop: asked now and then; true ends the work.
  public static func prepare(
    _ recipe: Recipe, _ folder: RunFolder, tokenizerPath: String?, vocabulary: Int?, device: Device,
    teacher: String? = nil, hasLearnt: Bool, stream: UInt64, notice: (String) -> Void = { _ in },
    shouldStop: () -> Bool = { false }
  ) throws -> RunData {
    try AtomicFolder.ensure(folder.data)
    let given = try tokenizerPath.map { try requireTokenizer($0, vocabulary: vocabulary) }
    let sources = try settleSources(
      recipe, folder, teacher: teacher, tokenizer: given?.fingerprint, hasLearnt: hasLearnt, notice: notice)
    let tokenizer: Tokenizer
    if let given {
      tokenizer = given
    } else if recipe.data.train.contains(where: TokenShards.areAt) {
      throw MohawkError(
        .invalidValue, "token shards need the tokenizer that made them", at: "data.tokenizer",
        remedy: "give its tokenizer.json with --tokenizer")
    } else if folder.has(folder.tokenizer) {
      tokenizer = try Tokenizer(path: folder.tokenizer)
    } else {
      notice("training a vocabulary of \(recipe.data.vocabulary) entries")
      tokenizer = try trainTokenizer(recipe, shouldStop)
      try tokenizer.write(to: folder.tokenizer)
    }
    let bound = vocabulary ?? Int(tokenizer.highestID) + 1
    let train = try shards(recipe.data.train, folder.trainingTokens, tokenizer, recipe, .training, notice, shouldStop)
    try train.checkIDs(below: bound)
    let length = recipe.data.sequenceLength
    let evaluationLength = recipe.evaluation.sequenceLength ?? length
    // Without held-out text of its own a corpus gives its beginning, which is then not trained on.
    let splits = recipe.data.validation.isEmpty && !recipe.data.train.isEmpty
    let validation =
      splits
      ? train
      : try shards(recipe.data.validation, folder.heldOutTokens, tokenizer, recipe, .heldOut, notice, shouldStop)
    if !splits { try validation.checkIDs(below: bound) }
    let wanted = splits ? min(recipe.evaluation.tokens, train.count / 10) : recipe.evaluation.tokens
    if splits, wanted <= evaluationLength {
      throw MohawkError(
        .invalidValue,
        "the text has \(train.count) tokens, and the tenth of it that is held out is less than one sequence of \(evaluationLength)",
        at: recipe.data.train.first,
        remedy: "give more text, held-out text of its own (--validation), or a smaller data.sequenceLength")
    }
    let windows = Array(try HeldOutWindows(validation, length: evaluationLength, tokens: wanted))
    let start = splits ? windows.count * evaluationLength + 1 : 0
    let seed = recipe.seed &+ stream &* 0x9E37_79B9
    let repeats = recipe.data.repeats > 0 ? RepeatedSpans(share: recipe.data.repeats, seed: seed) : nil
    let lossOnAnswers = recipe.data.lossOn == .answers
    let training = try TokenBatches(
      train, length: length, seed: seed, from: start, repeats: repeats, lossOnAnswers: lossOnAnswers)
    if lossOnAnswers { tellMask(train, training, recipe, notice) }
    return RunData(
      tokenizer: tokenizer, training: training,
      heldOut: batches(windows, rows: max(1, 4096 / evaluationLength), device),
      heldOutBytes: try windows.reduce(0) {
        $0 + (try tokenizer.decodeBytes($1.dropFirst(), skippingSpecial: true).count)
      }, sources: sources.fingerprint, lossOnAnswers: lossOnAnswers, device: device)
  }

  private static func tellMask(
    _ shards: TokenShards, _ batches: TokenBatches, _ recipe: Recipe, _ notice: (String) -> Void
  ) {
    notice("data.lossOn=answers: \(shards.lossTokens ?? 0) of \(shards.count) tokens count in the loss")
    if batches.leftOut > 0 {
      notice(
        "left out, because no answer is in them: \(batches.leftOut) of \(batches.windows + batches.leftOut) sequences")
    }
    let layers = recipe.teacher == nil ? [] : recipe.stages.filter { recipe[$0].loss.compares != .logits }
    if !layers.isEmpty {
      notice("\(layers.map(\.rawValue).joined(separator: " and ")) compare layers at all tokens of these sequences")
    }
  }

  /// The tokenizer at `path`, a file or a folder that holds `tokenizer.json`.
  /// - Throws: `MohawkError` when it is missing, damaged, or has ids beyond the rows of the model.
  @discardableResult
  static func requireTokenizer(_ path: String, vocabulary: Int?) throws -> Tokenizer {
    let tokenizer = try Tokenizer(fileOrFolder: path)
    if let vocabulary { try tokenizer.requireFit(rows: vocabulary, at: path) }
    return tokenizer
  }

  private enum Part { case training, heldOut }

  private static func batches(_ windows: [[Int32]], rows: Int, _ device: Device) -> [Tensor] {
    stride(from: 0, to: windows.count, by: rows).map { first in
      let some = windows[first..<min(first + rows, windows.count)]
      return Tensor(some.flatMap { $0 }, shape: [some.count, some.first!.count]).to(.int64, on: device)
    }
  }

  /// Stories are drawn until there are enough for `builtInTokens`; held-out ones lie far behind them.
  private static func stories(_ recipe: Recipe, _ part: Part) -> StorySource {
    let count = max(64, recipe.data.builtInTokens / 100)
    let generator = StoryGenerator(seed: recipe.seed)
    switch part {
    case .training: return StorySource(generator, indices: 0..<count)
    case .heldOut:
      let first = 1_000_000_000
      return StorySource(generator, indices: first..<first + max(64, recipe.evaluation.tokens / 50))
    }
  }

  private static func trainTokenizer(_ recipe: Recipe, _ shouldStop: () -> Bool) throws -> Tokenizer {
    var trainer = BytePairTrainer()
    if recipe.data.train.isEmpty {
      try trainer.add(StorySource(StoryGenerator(seed: recipe.seed), indices: 0..<4000), shouldStop: shouldStop)
    } else {
      try trainer.add(Corpus(paths: recipe.data.train, recipe.corpusOptions), shouldStop: shouldStop)
    }
    return try trainer.train(vocabularySize: recipe.data.vocabulary, shouldStop: shouldStop)
  }

  private static func shards(
    _ paths: [String], _ target: String, _ tokenizer: Tokenizer, _ recipe: Recipe, _ part: Part,
    _ notice: (String) -> Void, _ shouldStop: () -> Bool
  ) throws -> TokenShards {
    let lossOnAnswers = recipe.data.lossOn == .answers && part == .training
    if try TextSource.areShards(paths) {
      let shards = try TokenShards(paths: paths, tokenizer: tokenizer.fingerprint)
      if lossOnAnswers { try shards.requireLossMask() }
      if recipe.data.lossOn == .all, shards.lossTokens != nil {
        notice("the loss mask of \(paths.joined(separator: ", ")) is not used, because data.lossOn is all")
      }
      return shards
    }
    if TokenShards.areAt(target) { return try TokenShards(path: target, tokenizer: tokenizer.fingerprint) }
    notice("encoding \(paths.isEmpty ? "stories" : paths.joined(separator: ", "))")
    if paths.isEmpty {
      return try TokenShards.encode(stories(recipe, part), with: tokenizer, to: target, shouldStop: shouldStop)
    }
    var options = recipe.corpusOptions
    options.findsAnswers = lossOnAnswers
    let corpus = try Corpus(paths: paths, options)
    corpus.notices.forEach(notice)
    let shards = try TokenShards.encode(
      corpus, with: tokenizer, to: target, lossOnAnswers: lossOnAnswers, shouldStop: shouldStop)
    corpus.findings.forEach(notice)
    return shards
  }
}
