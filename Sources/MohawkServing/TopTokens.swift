import Foundation
import MohawkDecoding

/// The tokens that min-p and top-p leave: by falling weight where top-p wants an order, else by their ids.
///
/// Tokens are filed in parts by how likely they are. The most likely parts are kept whole; only the part in which top-p
/// ends, and the one from which a token is picked, are sorted.
struct TopTokens {
  private struct Token {
    var id: Int32
    var weight: Double
    var part: Int
  }

  /// All that may be among them, by their ids.
  private var all: [Token] = []
  /// The weight of each part; what is in one part is more likely than what is in any later one.
  private var parts = Array(repeating: 0.0, count: 256)
  /// How many parts are kept whole.
  private var whole = 0
  /// What is kept beside them, in order.
  private var border: [Token] = []
  /// The weight of all that are left.
  private(set) var weight = 0.0
  /// Whether there is only one.
  var isSingle: Bool { border.count == 1 && !parts[..<whole].contains { $0 > 0 } }

  init(_ weights: LogitWeights, minP: Double, topP: Double) {
    // Without min-p: all tokens less likely than this have together less than 1 − p of the weight, so that the others
    // are enough. Sums in fp32 are off by much less than the last factor.
    let sum = minP > 0 ? 0 : weights.sums().reduce(0.0) { $0 + Double($1) }
    let least = minP > 0 ? minP : 0.999 * (1 - topP) * sum / Double(weights.logits.count)
    file(weights, least, minP)
    let total = minP > 0 ? parts.reduce(0, +) : sum
    if topP < 1 {
      cut(at: topP * total)
    } else {
      (border, weight) = (all, total)
    }
  }

  private mutating func file(_ weights: LogitWeights, _ least: Double, _ minP: Double) {
    let ids = weights.ids(above: least)
    let last = Double(parts.count - 1)
    let partsPerUnit = last / max(-log(least), 1e-3)
    all.reserveCapacity(ids.count)
    for id in ids {
      let distance = weights.distance(Int(id))
      let weight = exp(-distance)
      if weight < minP { continue }
      let part = Int(min(distance * partsPerUnit, last))
      parts[part] += weight
      all.append(Token(id: id, weight: weight, part: part))
    }
  }

  /// Keeps the most likely tokens that have this weight together.
  private mutating func cut(at enough: Double) {
    var sum = 0.0
    whole =
      parts.firstIndex { part in
        sum += part
        return sum >= enough
      } ?? parts.lastIndex { $0 > 0 }!
    sum = parts[..<whole].reduce(0, +)
    border = sorted(whole)
    let last = border.firstIndex { token in
      sum += token.weight
      return sum >= enough
    }
    if let last { border.removeSubrange((last + 1)...) }
    weight = sum
  }

  /// The token at which the weights of those up to it are more than `rest`.
  func pick(_ rest: Double) -> Int32 {
    var rest = rest
    var tokens = border
    for (part, weight) in parts[..<whole].enumerated() {
      if rest < weight {
        tokens = sorted(part)
        break
      }
      rest -= weight
    }
    for token in tokens {
      rest -= token.weight
      if rest < 0 { return token.id }
    }
    return tokens.last!.id
  }

  /// The tokens of a part, most likely first, then by id.
  private func sorted(_ part: Int) -> [Token] {
    all.filter { $0.part == part }.sorted { ($0.weight, $1.id) > ($1.weight, $0.id) }
  }
}
