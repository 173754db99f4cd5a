import MohawkModels
import MohawkTensor

/// Which layers of a Transformer need their attention most: layers are kept one after the other, each time the one without
/// which the model is furthest from what it was, while all others see a window of the last tokens beside the first ones.
public struct AttentionChoice: Sendable, Equatable, Codable {
  /// One more layer that keeps its attention.
  public struct Round: Sendable, Equatable, Codable {
    /// The layer that is kept from here on.
    public var layer: Int
    /// KL to the teacher where text is repeated, and elsewhere, with it.
    public var repeated, elsewhere: Double
    /// The sum of both for every layer that was tried.
    public var tried: [Int: Double]
  }

  /// KL to the teacher where text is repeated when no layer keeps its attention.
  public var repeated: Double
  /// And elsewhere.
  public var elsewhere: Double
  /// In the order in which layers were chosen.
  public var rounds: [Round] = []

  /// The layers of the first rounds.
  public func layers(_ count: Int) -> [Int] { rounds.prefix(count).map(\.layer).sorted() }
}

extension AttentionChoice {
  /// - Parameters:
  ///   - teacher: frozen.
  ///   - text: what it is judged on.
  ///   - count: layers to keep, at most as many as there are.
  ///   - window: tokens that the other layers see.
  ///   - sinks: first tokens that they see.
  ///   - known: rounds of an earlier search with the same values.
  ///   - pause: called before every layer that is tried; an error of it ends the search.
  ///   - chosen: told after every round what is known by then.
  public static func run(
    _ teacher: Decoder, _ text: RepeatedText, count: Int, window: Int, sinks: Int, known: AttentionChoice? = nil,
    pause: () throws -> Void = {}, chosen: (AttentionChoice) throws -> Void = { _ in }
  ) throws -> AttentionChoice {
    let search = withoutGradients { Search(teacher, text, teacher.windowed(window, sinks: sinks)) }
    func sum(_ parts: (repeated: Double, elsewhere: Double)) -> Double { parts.repeated + parts.elsewhere }
    let first = withoutGradients { search.distance(search.entering[search.entering.count - 1]) }
    var choice = known ?? AttentionChoice(repeated: first.repeated, elsewhere: first.elsewhere)
    for round in choice.rounds { withoutGradients { search.keep(round.layer) } }
    while choice.rounds.count < min(count, teacher.blocks.count) {
      var tried: [Int: (repeated: Double, elsewhere: Double)] = [:]
      for layer in teacher.blocks.indices where !search.kept.contains(layer) {
        try pause()
        tried[layer] = withoutGradients { search.distance(keeping: layer) }
      }
      let best = tried.min { (sum($0.value), $0.key) < (sum($1.value), $1.key) }!
      withoutGradients { search.keep(best.key) }
      choice.rounds.append(
        Round(
          layer: best.key, repeated: best.value.repeated, elsewhere: best.value.elsewhere,
          tried: tried.mapValues(sum)))
      try chosen(choice)
    }
    return choice
  }

  private final class Search {
    let teacher, windowed: Decoder
    let judge: RepeatedTextDivergence
    let ids: Tensor
    var kept: Set<Int> = []
    /// What enters each layer, and what leaves the last.
    var entering: [Tensor] = []

    init(_ teacher: Decoder, _ text: RepeatedText, _ windowed: Decoder) {
      (self.teacher, self.windowed, ids) = (teacher, windowed, text.ids)
      judge = RepeatedTextDivergence(teacher, text)
      walk()
    }

    func pass(_ hidden: Tensor, through layer: Int) -> Tensor {
      kept.contains(layer) ? teacher.blocks[layer](hidden) : windowed.blocks[layer](hidden)
    }

    func walk() {
      entering = [teacher.embed(ids)]
      for layer in teacher.blocks.indices { entering.append(pass(entering[layer], through: layer)) }
    }

    func keep(_ layer: Int) {
      kept.insert(layer)
      walk()
    }

    func distance(_ hidden: Tensor) -> (repeated: Double, elsewhere: Double) {
      let parts = judge(hidden)
      return (parts.repeated.item(), parts.elsewhere.item())
    }

    func distance(keeping layer: Int) -> (repeated: Double, elsewhere: Double) {
      var hidden = teacher.blocks[layer](entering[layer])
      for later in teacher.blocks.indices where later > layer { hidden = pass(hidden, through: later) }
      return distance(hidden)
    }
  }
}
