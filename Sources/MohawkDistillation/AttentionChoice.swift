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

/// Sequences that end with a part of their own beginning, so that only a model that looks back can know how they go on.
public struct RepeatedText {
  /// [sequences, length].
  public let ids: Tensor
  /// Tokens at the end that stand earlier, too.
  public let span: Int
  /// Where they begin to stand earlier, for each sequence.
  public let places: [Int]

  /// - Parameters:
  ///   - ids: text, [sequences, length].
  ///   - span: tokens that are repeated at the end.
  public init(_ ids: Tensor, span: Int) {
    let (rows, length) = (ids.size(0), ids.size(1))
    precondition(span * 3 <= length, "the repeated part is too long")
    self.span = span
    // What is repeated begins in another place in every sequence, behind the first tokens and far from the end.
    let room = length - 3 * span
    places = (0..<rows).map { 8 + $0 * max(0, room - 8) / max(1, rows) }
    let parts = places.enumerated().map { row, first in
      let whole = ids.narrowed(0, from: row, length: 1)
      return Tensor.concatenated(
        [whole.narrowed(1, from: 0, length: length - span), whole.narrowed(1, from: first, length: span)], 1)
    }
    self.ids = Tensor.concatenated(parts, 0)
  }
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
    let first = withoutGradients { search.judge(search.entering[search.entering.count - 1]) }
    var choice = known ?? AttentionChoice(repeated: first.repeated, elsewhere: first.elsewhere)
    for round in choice.rounds { withoutGradients { search.keep(round.layer) } }
    while choice.rounds.count < min(count, teacher.blocks.count) {
      var tried: [Int: Distance] = [:]
      for layer in teacher.blocks.indices where !search.kept.contains(layer) {
        try pause()
        tried[layer] = withoutGradients { search.distance(keeping: layer) }
      }
      let best = tried.min { ($0.value.sum, $0.key) < ($1.value.sum, $1.key) }!
      withoutGradients { search.keep(best.key) }
      choice.rounds.append(
        Round(
          layer: best.key, repeated: best.value.repeated, elsewhere: best.value.elsewhere,
          tried: tried.mapValues(\.sum)))
      try chosen(choice)
    }
    return choice
  }

  private struct Distance {
    var repeated, elsewhere: Double
    var sum: Double { repeated + elsewhere }
  }

  private final class Search {
    let teacher, windowed: Decoder
    let judge: Judge
    let ids: Tensor
    var kept: Set<Int> = []
    /// What enters each layer, and what leaves the last.
    var entering: [Tensor] = []

    init(_ teacher: Decoder, _ text: RepeatedText, _ windowed: Decoder) {
      (self.teacher, self.windowed, ids) = (teacher, windowed, text.ids)
      judge = Judge(teacher, text)
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

    func distance(keeping layer: Int) -> Distance {
      var hidden = teacher.blocks[layer](entering[layer])
      for later in teacher.blocks.indices where later > layer { hidden = pass(hidden, through: later) }
      return judge(hidden)
    }
  }

  /// Compares next-token probabilities with the teacher's at some positions.
  private struct Judge {
    let teacher: Decoder
    let span: Int
    let wanted: (repeated: Tensor, elsewhere: Tensor)

    init(_ teacher: Decoder, _ text: RepeatedText) {
      (self.teacher, span) = (teacher, text.span)
      let hidden = teacher.hidden(text.ids)
      wanted = Self.logProbabilities(teacher, hidden, span)
    }

    static func logProbabilities(_ model: Decoder, _ hidden: Tensor, _ span: Int) -> (Tensor, Tensor) {
      let length = hidden.size(1)
      func at(_ first: Int, _ count: Int) -> Tensor {
        StageLosses.wide(model.head(model.normalise(hidden.narrowed(1, from: first, length: count)))).logSoftmax(-1)
      }
      // The first token of the repeated part comes as a surprise to everyone.
      return (at(length - span, span - 1), at(length - 2 * span, span - 1))
    }

    func callAsFunction(_ hidden: Tensor) -> Distance {
      let own = Self.logProbabilities(teacher, hidden, span)
      func divergence(_ wanted: Tensor, _ own: Tensor) -> Double {
        (wanted.exp() * (wanted - own)).sum(over: -1).mean().item()
      }
      return Distance(repeated: divergence(wanted.repeated, own.0), elsewhere: divergence(wanted.elsewhere, own.1))
    }
  }
}
