import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// The layers whose attention a teacher needs most, and what they were found with; kept beside the tokens of a run.
struct AttentionChoiceFile: Codable, Equatable {
  /// The layout that this version writes and reads.
  static let currentVersion = 1

  var version = AttentionChoiceFile.currentVersion
  /// Of teacher, tokenizer and text.
  var sources: String
  /// Tokens of a sequence, and how many of them are repeated.
  var length, span: Int
  /// What the other layers see.
  var window, sinks: Int
  var choice: AttentionChoice?

  /// The choice in a file that was found with the same values; nil when there is none.
  func known(at path: String) -> AttentionChoice? {
    guard let data = FileManager.default.contents(atPath: path),
      let found = try? JSONDecoder().decode(Self.self, from: data)
    else { return nil }
    var same = self
    same.choice = found.choice
    return found == same ? found.choice : nil
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: path)
  }
}

extension DistillationRun {
  /// Sequences on which layers are tried, and tokens of each at most.
  private static let triedSequences = 4, triedTokens = 512

  /// What layers and heads that do not keep their attention see of sequences of a length: as much as in the frame
  /// `window`, but of short ones a quarter, since a window that is as long as the text shows nothing.
  static func triedWindow(_ length: Int) -> Int { min(StudentFrame.windowTokens, length / 4) }

  /// The first tokens that they see besides.
  static func triedSinks(_ length: Int) -> Int { min(StudentFrame.windowSinks, triedWindow(length) / 4) }

  /// The recipe with the layers or heads that its rule finds.
  /// - Parameters:
  ///   - teacher: the teacher.
  ///   - data: encodes the text, once it is needed.
  func withAttentionLayers(_ recipe: Recipe, of teacher: Decoder, data: () throws -> RunData) throws -> Recipe {
    guard let rule = recipe.student.attention else { return recipe }
    let count = teacher.blocks.count
    var recipe = recipe
    recipe.student.attention = nil
    if rule.isOfHeads {
      recipe.student.attentionHeads = try chosenHeads(
        rule, of: teacher, except: recipe.student.attentionLayers, data: data)
      return recipe
    }
    if let layers = rule.layers(of: count) {
      guard !layers.isEmpty else {
        throw MohawkError(
          .outOfRange, "\(rule) keeps no layer of a teacher with \(count)", at: "student.attention",
          remedy: "use a number up to \(count)")
      }
      recipe.student.attentionLayers = layers
    } else if let wanted = rule.choices(of: count) {
      guard wanted <= count else {
        throw MohawkError(
          .outOfRange, "\(rule) asks for more layers than the teacher's \(count)", at: "student.attention",
          remedy: "use a number up to \(count)")
      }
      recipe.student.attentionLayers = try bestLayers(wanted, of: teacher, try data())
    }
    settings.notice(
      "\(rule): attention stays in layers \(recipe.student.attentionLayers.map(String.init).joined(separator: ", "))")
    return recipe
  }

  private func bestLayers(_ count: Int, of teacher: Decoder, _ data: RunData) throws -> [Int] {
    let first = recipe.data.skip
    let batch = data.batch(samples: first..<first + Self.triedSequences)
    let length = min(Self.triedTokens, batch.size(1) - 1)
    guard length >= 16 else {
      throw MohawkError(
        .outOfRange, "sequences of \(length) tokens are too short to find out which layers look back",
        at: "data.sequenceLength", remedy: "use 16 or more, or name the layers in student.attentionLayers")
    }
    let span = max(2, length / 8)
    var file = AttentionChoiceFile(
      sources: data.sources, length: length, span: span, window: Self.triedWindow(length),
      sinks: Self.triedSinks(length))
    let path = folder.data + "/attention.json"
    let known = file.known(at: path)
    if let known, known.rounds.count >= count { return known.layers(count) }
    teacher.freeze()
    teacher.materialize()
    settings.notice(
      "choosing \(count) layers that keep attention, on \(Self.triedSequences) sequences of \(length) tokens")
    let clock = ContinuousClock.now
    let before = known?.rounds.count ?? 0
    let choice = try AttentionChoice.run(
      teacher, RepeatedText(batch.narrowed(1, from: 0, length: length), span: span), count: count,
      window: file.window, sinks: file.sinks, known: known
    ) {
      if settings.shouldStop() {
        throw MohawkError(
          .interrupted, "stopped while layers were chosen", at: folder.path,
          remedy: "give the same command again to continue")
      }
    } chosen: { choice in
      file.choice = choice
      try file.write(to: path)
      let done = choice.rounds.count
      let left = (ContinuousClock.now - clock) / .seconds(1) / Double(done - before) * Double(count - done)
      let now = choice.rounds[done - 1]
      let earlier = done > 1 ? choice.rounds[done - 2].repeated : choice.repeated
      settings.notice(
        "attention in layer \(now.layer): KL where text is repeated \(Number.short(earlier)) to \(Number.short(now.repeated)), elsewhere \(Number.short(now.elsewhere))"
          + (done < count ? ", ETA \(Number.duration(left))" : ""))
    }
    return choice.layers(count)
  }
}
