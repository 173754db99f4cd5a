import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// How much each of a teacher's heads copies, and what that was measured with; kept beside the tokens of a run.
private struct HeadChoiceFile: Codable, Equatable {
  /// The layout that this version writes and reads.
  static let currentVersion = 1

  var version = HeadChoiceFile.currentVersion
  /// Of teacher, tokenizer and text.
  var sources: String
  /// Tokens of a sequence, and how many of them are repeated.
  var length, span: Int
  var choice: HeadChoice?
}

extension DistillationRun {
  /// Sequences on which heads are measured, and tokens of each at most.
  private static let headSequences = 4, headTokens = 512
  /// Of the order in which the text's tokens stand there.
  private static let headSeed: UInt64 = 1

  /// The heads that a rule keeps, in order; told with how much each of them copies.
  /// - Parameters:
  ///   - rule: chooses single heads.
  ///   - layers: those that keep all of their attention.
  func chosenHeads(
    _ rule: AttentionRule, of teacher: Decoder, except layers: [Int], data: () throws -> RunData
  ) throws -> [AttentionHead] {
    let shape = teacher.configuration
    let free = shape.mixers.indices.filter { shape.mixers[$0] == .attention && !layers.contains($0) }
    let wanted = rule.headChoices(of: shape.mixers.count * shape.attention.heads) ?? 0
    guard wanted <= free.count * shape.attention.heads else {
      throw MohawkError(
        .outOfRange,
        "\(rule) asks for more heads than the \(free.count * shape.attention.heads) that can be kept alone",
        at: "student.attention", remedy: "use a smaller number")
    }
    let choice = try headChoice(of: teacher, try data())
    let best = choice.best(wanted, except: Set(layers))
    settings.notice(
      "\(rule): \(best.count) of \(shape.mixers.count * shape.attention.heads) heads keep attention; the share of it that lies on the token to be copied:"
    )
    for head in best {
      settings.notice("head \(AttentionHead(layer: head.layer, head: head.head)): \(Number.short(head.share))")
    }
    return best.map { AttentionHead(layer: $0.layer, head: $0.head) }.sorted()
  }

  /// Measured, or as an earlier start of the run has found it.
  private func headChoice(of teacher: Decoder, _ data: RunData) throws -> HeadChoice {
    let first = recipe.data.skip
    let batch = data.batch(samples: first..<first + Self.headSequences)
    let length = min(Self.headTokens, batch.size(1) - 1)
    guard length >= 16 else {
      throw MohawkError(
        .outOfRange, "sequences of \(length) tokens are too short to find out which heads look back",
        at: "data.sequenceLength", remedy: "use 16 or more, or name the heads in student.attentionHeads")
    }
    var file = HeadChoiceFile(sources: data.sources, length: length, span: length / 4)
    let path = folder.data + "/heads.json"
    if let bytes = FileManager.default.contents(atPath: path),
      let found = try? JSONDecoder().decode(HeadChoiceFile.self, from: bytes), let choice = found.choice
    {
      var same = file
      same.choice = choice
      if found == same { return choice }
    }
    teacher.freeze()
    teacher.materialize()
    let choice = HeadChoice.run(
      teacher,
      RepeatedText(shuffling: batch.narrowed(1, from: 0, length: length), span: file.span, seed: Self.headSeed))
    file.choice = choice
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(file) + Data("\n".utf8), to: path)
    return choice
  }
}
