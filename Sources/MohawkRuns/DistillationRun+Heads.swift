import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// How much each of a teacher's heads looks beyond a window, and what that was measured with; kept beside the tokens of a
/// run.
private struct HeadChoiceFile: Codable, Equatable {
  /// The layout that this version writes and reads.
  static let currentVersion = 2

  var version = HeadChoiceFile.currentVersion
  /// Of teacher, tokenizer and text.
  var sources: String
  /// Tokens of a sequence, and how many of them are repeated.
  var length, span: Int
  /// What heads see besides.
  var window, sinks: Int
  /// Layers that keep all of their attention.
  var layers: [Int]
  var choice: HeadChoice?
}

extension DistillationRun {
  /// Sequences on which heads are measured, and tokens of each at most.
  private static let headSequences = 4, headTokens = 512

  /// The heads that a rule keeps, in order; told with what each of them brings.
  /// - Parameters:
  ///   - rule: chooses single heads.
  ///   - layers: those that keep all of their attention.
  func chosenHeads(
    _ rule: AttentionRule, of teacher: Decoder, except layers: [Int], data: () throws -> RunData
  ) throws -> [AttentionHead] {
    let shape = teacher.configuration
    let heads = shape.layers.map { $0.attention?.heads ?? 0 }
    let all = heads.reduce(0, +)
    let free = shape.layers.indices.reduce(0) {
      shape.layers[$1].kind == .attention && !layers.contains($1) ? $0 + heads[$1] : $0
    }
    let wanted = rule.headChoices(of: all) ?? 0
    guard wanted <= free else {
      throw MohawkError(
        .outOfRange,
        "\(rule) asks for more heads than the \(free) that can be kept alone",
        at: "student.attention", remedy: "use a smaller number")
    }
    let choice = try headChoice(of: teacher, except: layers, try data())
    let best = choice.best(wanted)
    settings.notice(
      "\(rule): \(best.count) of \(all) heads keep attention; their parts of a KL of \(Number.short(choice.divergence)):"
    )
    for head in best {
      settings.notice("head \(AttentionHead(layer: head.layer, head: head.head)): \(Number.short(head.part))")
    }
    return best.map { AttentionHead(layer: $0.layer, head: $0.head) }.sorted()
  }

  /// Measured, or as an earlier start of the run has found it.
  private func headChoice(of teacher: Decoder, except layers: [Int], _ data: RunData) throws -> HeadChoice {
    let first = recipe.data.skip
    let batch = data.batch(samples: first..<first + Self.headSequences)
    let length = min(Self.headTokens, batch.size(1) - 1)
    guard length >= 16 else {
      throw MohawkError(
        .outOfRange, "sequences of \(length) tokens are too short to find out which heads look back",
        at: "data.sequenceLength", remedy: "use 16 or more, or name the heads in student.attentionHeads")
    }
    var file = HeadChoiceFile(
      sources: data.sources, length: length, span: max(2, length / 8), window: Self.triedWindow(length),
      sinks: Self.triedSinks(length), layers: layers)
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
    settings.notice("measuring heads on \(Self.headSequences) sequences of \(length) tokens")
    let clock = ContinuousClock.now
    let choice = try HeadChoice.run(
      teacher, RepeatedText(batch.narrowed(1, from: 0, length: length), span: file.span), window: file.window,
      sinks: file.sinks, except: Set(layers)
    ) { done in
      if settings.shouldStop() {
        throw MohawkError(
          .interrupted, "stopped while heads were measured", at: folder.path,
          remedy: "give the same command again to begin that anew")
      }
      let left = (ContinuousClock.now - clock) / .seconds(1) * (1 / done - 1)
      if done < 1 { settings.notice("\(Int((done * 100).rounded())) % measured, ETA \(Number.duration(left))") }
    }
    file.choice = choice
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(file) + Data("\n".utf8), to: path)
    return choice
  }
}
