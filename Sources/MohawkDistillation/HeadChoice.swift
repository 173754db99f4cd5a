import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkTensor

/// How much each head of a Transformer looks beyond a window: its share of what full attention in all heads takes off the KL
/// to the teacher, where all heads begin with a window of the last tokens beside the first ones.
///
/// Every head gets a gate g between its window (0) and its full attention (1). While all gates open together the KL falls to
/// 0, and the integral of −∂KL/∂g along the way is a head's part of that (integrated gradients, Sundararajan et al. 2017,
/// arXiv:1703.01365). So heads that only help together share what they bring, as those do that copy in two steps.
public struct HeadChoice: Sendable, Equatable, Codable {
  /// A head and its part.
  public struct Head: Sendable, Equatable {
    /// Both counted from 0.
    public let layer, head: Int
    /// Of the KL, in nats; below 0 where a head's full attention does harm.
    public let part: Double
  }

  /// The KL when all heads have windows: where text is repeated and elsewhere, added; nats.
  public var divergence: Double
  /// The part of every head, by layer; none for layers whose attention is no choice.
  public var parts: [[Double]]

  /// The heads with the largest parts, the first one's the largest of all; of equal ones the first.
  /// - Parameter count: how many at most.
  public func best(_ count: Int) -> [Head] {
    let all = parts.enumerated().flatMap { layer, parts in
      parts.enumerated().map { Head(layer: layer, head: $0.offset, part: $0.element) }
    }
    return Array(all.sorted { ($1.part, $0.layer, $0.head) < ($0.part, $1.layer, $1.head) }.prefix(count))
  }

  /// Points and weights of Gauss and Legendre on 0...1, exact for polynomials up to the fifth degree.
  private static let points = [
    (0.5 - 0.15.squareRoot(), 5 / 18.0), (0.5, 8 / 18.0), (0.5 + 0.15.squareRoot(), 5 / 18.0),
  ]

  /// Measures all heads of the layers with full attention.
  /// - Parameters:
  ///   - teacher: frozen.
  ///   - text: on which they are measured, sequence by sequence.
  ///   - window: tokens that a head sees besides.
  ///   - sinks: first tokens that it sees.
  ///   - layers: that keep all of their attention.
  ///   - measured: told the share that is done after each pass; an error of it ends the measurement.
  public static func run(
    _ teacher: Decoder, _ text: RepeatedText, window: Int, sinks: Int, except layers: Set<Int> = [],
    measured: (Double) throws -> Void = { _ in }
  ) throws -> HeadChoice {
    let sequences = text.ids.size(0)
    let gates = HeadGates(teacher, window: window, sinks: sinks, except: layers)
    var choice = HeadChoice(divergence: 0, parts: [])
    var sums: [Int: Tensor] = [:]
    for row in 0..<sequences {
      let text = text.sequence(row)
      let judge = RepeatedTextDivergence(teacher, text)
      choice.divergence += gates.divergence(text.ids, judge, opened: 0) / Double(sequences)
      for (index, (point, weight)) in points.enumerated() {
        for (layer, gradients) in gates.gradients(text.ids, judge, opened: point) {
          let part = gradients * (-weight / Double(sequences))
          sums[layer] = sums[layer].map { $0 + part } ?? part
        }
        try measured(Double(row * points.count + index + 1) / Double(sequences * points.count))
      }
    }
    choice.parts = teacher.blocks.indices.map { sums[$0]?.doubles() ?? [] }
    return choice
  }
}
