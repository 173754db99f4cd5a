import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkServing
import MohawkTensor
import MohawkText
import MohawkTraining

/// Lets a model write text into a folder, which a distillation reads as it is. The same run continues what was stopped,
/// with the very documents that an uninterrupted one would have written.
public final class SynthesisRun {
  /// Where documents begin.
  public enum Beginning: Sendable, Equatable {
    /// At the token that begins texts.
    case nothing
    /// At the lines of a file, in turn.
    case prompts(String)
    /// At the questions of a file, in turn, as the model's chat template puts them.
    case questions(String)
  }

  /// How far it is.
  public struct Progress: Sendable {
    /// Of the whole folder; open documents do not count.
    public var documents, tokens, total: Int
    /// Tokens drawn by this start, of open documents too, and its seconds.
    public var drawn: Int, seconds: Double
  }

  let model, path: String
  let tokens, length, batch: Int
  let sampling: SamplingOptions
  let weights: WeightPrecision?
  let device: Device
  let beginning: Beginning
  let settings: RunSettings
  /// Told after every step.
  public var progress: (Progress) -> Void = { _ in }
  /// Tokens of a file.
  var shardTokens = 100_000

  /// Nothing happens before `run`.
  public init(
    model: String, folder: String, tokens: Int, length: Int, batch: Int, sampling: SamplingOptions,
    weights: WeightPrecision?, device: Device = .cpu, beginning: Beginning = .nothing,
    _ settings: RunSettings = RunSettings()
  ) {
    (self.model, path, self.tokens, self.length) = (model, RunFolder(folder).path, tokens, length)
    (self.batch, self.sampling, self.weights, self.beginning) = (batch, sampling, weights, beginning)
    self.device = device
    self.settings = settings
  }

  /// Writes what the folder does not hold yet.
  /// - Throws: `MohawkError`; of code `interrupted` when it was asked to stop, after saving.
  @discardableResult
  public func run() throws -> SynthesisManifest {
    for (name, value) in [("--tokens", tokens), ("--length", length), ("--batch", batch)] where value < 1 {
      throw MohawkError(.invalidValue, "\(name) is \(value), it must be 1 or more")
    }
    try sampling.validate()
    let engine = try DecodingEngine.open(model, weights: weights, on: device)
    let tokenizer = try Tokenizer(folder: model)
    let synthesizer = try Synthesizer(
      engine, tokenizer, ends: Prompt.ends(inFolder: model), options: sampling, length: length, capacity: batch)
    let prompts = try SynthesisPrompts.read(beginning, model: model, tokenizer, within: engine.maxLength)
    try AtomicFolder.ensure(path)
    let lock = try RunLock(folder: path)
    RunFolder(path).removeLeftovers()
    return try withExtendedLifetime(lock) {
      let wanted = SynthesisManifest(settings: described(engine, tokenizer, prompts), folder: model)
      let folder = try SynthesisFolder(path, wanted, shardTokens: shardTokens)
      if folder.manifest.isFinished {
        settings.notice("\(path) holds all of this text")
      } else {
        if folder.ready > 0 {
          settings.notice("continuing after \(folder.ready) documents of \(folder.readyTokens) tokens")
        }
        try write(synthesizer, prompts, folder)
      }
      return folder.manifest
    }
  }

  private func described(
    _ engine: DecodingEngine, _ tokenizer: Tokenizer, _ prompts: [SynthesisPrompt]
  ) -> SynthesisManifest.Settings {
    let kind =
      switch beginning {
      case .nothing: "nothing"
      case .prompts: "prompts"
      case .questions: "questions"
      }
    let ids: [Int32] = prompts.reduce(into: []) { $0 += $1.ids + [-1] }
    return .init(
      tokens: tokens, length: length, temperature: sampling.temperature, topP: sampling.topP, minP: sampling.minP,
      repetitionPenalty: sampling.repetitionPenalty, topK: sampling.topK, seed: sampling.seed,
      weights: weights?.rawValue ?? "of the model", model: engine.model.fingerprint,
      tokenizer: "\(tokenizer.fingerprint)", beginning: kind,
      prompts: ids.withUnsafeBytes { FileDigest.hexadecimal(xxHash64($0)) })
  }

  private func write(_ synthesizer: Synthesizer, _ prompts: [SynthesisPrompt], _ folder: SynthesisFolder) throws {
    let start = ContinuousClock.now
    var next = 0
    var drawn = 0
    try folder.writeShards()
    while !folder.isEnough {
      if settings.shouldStop() {
        throw MohawkError(
          .interrupted, "stopped after \(folder.ready) documents of \(folder.readyTokens) tokens, which are saved",
          at: path, remedy: "give the same command again to continue")
      }
      // No more are begun than the tokens that are missing need at least, and those before finished ones.
      let later = folder.later
      var sure = folder.readyTokens + later.tokens + synthesizer.openTokens
      while synthesizer.hasRoom {
        while folder.isKnown(next) { next += 1 }
        guard sure < tokens || next < later.last else { break }
        try synthesizer.begin(next, prompts[next % prompts.count])
        next += 1
        sure += 1
      }
      drawn += synthesizer.openCount
      for document in try synthesizer.step() { try folder.add(document) }
      try folder.writeShards()
      let seconds = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000
      progress(
        Progress(
          documents: folder.ready, tokens: folder.readyTokens, total: tokens, drawn: drawn, seconds: seconds))
      if folder.ready > 200, folder.readyTokens == 0 {
        throw MohawkError(
          .invalidValue, "the model ended \(folder.ready) documents before their first word", at: model,
          remedy: "give beginnings with --prompts FILE")
      }
    }
    try folder.writeShards()
    try folder.finish()
  }
}
