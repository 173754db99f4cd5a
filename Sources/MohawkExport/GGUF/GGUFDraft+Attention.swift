import Foundation
import MohawkGGUF
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor

extension GGUFDraft {
  /// Whether llama.cpp rotates neighbours in a head, and not its halves, in this architecture.
  private var rotatesInterleavedPairs: Bool {
    switch architecture {
    case .llama, .smollm3, .granite, .graniteHybrid: true
    default: false
    }
  }

  mutating func addAttention(_ layer: Int) {
    let (inner, outer) = ("layers.\(layer).attention.", "blk.\(layer).attn_")
    switch architecture {
    case .gpt2, .gptNeoX, .phi3: addJoined(inner, outer)
    default:
      for (name, parameter, heads) in [("q", "q_proj", attention.heads), ("k", "k_proj", attention.kvHeads)] {
        for part in ["weight", "bias"] where has("\(inner)\(parameter).\(part)") {
          add("\(outer)\(name).\(part)", permutedForRotary("\(inner)\(parameter).\(part)", heads))
        }
      }
      addBoth(outer + "v", from: inner + "v_proj")
    }
    add(outer + "output.weight", parameter(inner + "dense.weight"))
    switch architecture {
    case .phi2, .gpt2, .gptNeoX:
      add(outer + "output.bias", parameter(inner + "dense.bias", orZeros: configuration.modelDim))
    default:
      if has(inner + "dense.bias") { add(outer + "output.bias", parameter(inner + "dense.bias")) }
    }
    for norm in ["q_norm", "k_norm"] where has("\(inner)\(norm).weight") {
      add("\(outer)\(norm).weight", parameter("\(inner)\(norm).weight"))
    }
  }

  /// Queries, keys and values in one tensor, one below the other.
  private mutating func addJoined(_ inner: String, _ outer: String) {
    let rows = [("q_proj", attention.width), ("k_proj", attention.kvWidth), ("v_proj", attention.kvWidth)]
    add(outer + "qkv.weight", .joined(rows.map { parameter("\(inner)\($0.0).weight") }))
    if architecture == .phi3 { return }
    add(outer + "qkv.bias", .joined(rows.map { parameter("\(inner)\($0.0).bias", orZeros: $0.1) }))
  }

  /// Rows of queries or keys in the order in which llama.cpp rotates them.
  private func permutedForRotary(_ name: String, _ heads: Int) -> GGUFRows {
    let rows = parameter(name)
    guard rotatesInterleavedPairs, attention.rotaryDim > 0 else { return rows }
    let order = Self.neighbouring(heads: heads, headDim: attention.headDim, rotaryDim: attention.rotaryDim)
    guard let value = model.parameters[name]?.value else { preconditionFailure("the model has no \(name)") }
    return GGUFRows(rows.shape) { value.detached().indexed(0, Tensor(order).to(on: value.device)) }
  }

  /// The row that comes to each place when the pairs of a head, i and i + rotaryDim / 2, become neighbours. Dimensions
  /// that are not rotated stay.
  static func neighbouring(heads: Int, headDim: Int, rotaryDim: Int) -> [Int64] {
    (0..<heads * headDim).map { row in
      let (head, place) = row.quotientAndRemainder(dividingBy: headDim)
      guard place < rotaryDim else { return Int64(row) }
      return Int64(head * headDim + place / 2 + (place.isMultiple(of: 2) ? 0 : rotaryDim / 2))
    }
  }

  /// What each frequency is divided by, where that is not one factor for all.
  mutating func addRotaryFactors() {
    if case .longrope(let short, let long, _, _) = attention.rotaryScaling, configuration.hasAttention {
      let names = DecoderConfiguration.longRoPETables
      add(names.short, GGUFRows([short.count]) { Tensor(short) })
      add(names.long, GGUFRows([long.count]) { Tensor(long) })
      return
    }
    guard configuration.hasAttention, attention.rotaryScaling.isByFrequency else { return }
    let (base, count) = (attention.rotaryBase, attention.rotaryDim)
    let plain = RotaryScaling.none.frequencies(dimensions: count, base: base)
    let stretched = attention.rotaryScaling.frequencies(dimensions: count, base: base)
    let factors = zip(plain, stretched).enumerated().map { index, pair in
      if case .factors(let table) = attention.rotaryScaling { return table[index] }
      return pair.0 / pair.1
    }
    add("rope_freqs.weight", GGUFRows([factors.count]) { Tensor(factors) })
  }
}
