import CMohawkDecoder
import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor

extension PlanMemory {
  mutating func attention(_ mixer: Attention, _ cache: DType) -> mhk_attention_mixer {
    let shape = mixer.configuration
    var result = mhk_attention_mixer()
    (result.heads, result.kv_heads) = (Int64(shape.heads), Int64(shape.kvHeads))
    (result.head_dim, result.window) = (Int64(shape.headDim), Int64(shape.window ?? 0))
    result.first_pair = rotary.first(shape.rotaryDim, shape.rotaryBase, shape.rotaryScaling)
    result.rotary_pairs = Int64(shape.rotaryDim / 2)
    result.scale = Float(shape.resolvedScale)
    result.score_cap = Float(shape.scoreCap ?? 0)
    result.norms_across_heads = shape.normsAcrossHeads
    result.cache = cache.rawValue
    (result.query, result.key) = (projection(mixer.query), projection(mixer.key))
    (result.value, result.out) = (projection(mixer.value), projection(mixer.dense))
    if let queryNorm = mixer.queryNorm { result.query_norm = norm(queryNorm) }
    if let keyNorm = mixer.keyNorm { result.key_norm = norm(keyNorm) }
    return result
  }

  mutating func discreteMamba2(_ mixer: DiscreteMamba2, _ cache: DType) -> mhk_ssd_mixer {
    let shape = mixer.configuration
    var result = mhk_ssd_mixer()
    (result.heads, result.head_dim) = (Int64(shape.vHeads), Int64(shape.headDim))
    (result.groups, result.state_dim) = (Int64(shape.qkHeads), Int64(shape.stateDim))
    (result.x, result.bc) = (projection(mixer.xWeight), projection(mixer.bcWeight))
    result.z = projection(mixer.zWeight, mixer.zBias)
    (result.decay, result.out) = (projection(mixer.aLogWeight), projection(mixer.outProjection))
    (result.x_taps, result.bc_taps) = (taps(mixer.xConvolution), taps(mixer.bcConvolution))
    result.skip = floats(mixer.skip)
    if let window = mixer.window { result.window = self.window(window) }
    if let kept = mixer.kept { result.kept = self.kept(kept, cache) }
    return result
  }

  private mutating func kept(_ kept: KeptAttention, _ cache: DType) -> mhk_kept_heads {
    let shape = kept.attention
    var result = mhk_kept_heads()
    (result.count, result.groups, result.head_dim) = (
      Int64(kept.heads.count), Int64(kept.groups.count), Int64(shape.headDim)
    )
    result.heads = integers(kept.heads)
    let perGroup = shape.heads / shape.kvHeads
    result.group_of = integers(kept.heads.map { kept.groups.firstIndex(of: $0 / perGroup)! })
    result.first_pair = rotary.first(shape.rotaryDim, shape.rotaryBase, shape.rotaryScaling)
    result.rotary_pairs = Int64(shape.rotaryDim / 2)
    result.scale = Float(shape.resolvedScale)
    result.cache = cache.rawValue
    (result.query, result.key) = (projection(kept.query), projection(kept.key))
    if let queryNorm = kept.queryNorm { result.query_norm = norm(queryNorm) }
    if let keyNorm = kept.keyNorm { result.key_norm = norm(keyNorm) }
    return result
  }

  private mutating func window(_ window: WindowAttention) -> mhk_window {
    let shape = window.configuration
    var result = mhk_window()
    (result.tokens, result.sinks) = (Int64(shape.tokens), Int64(shape.sinks))
    (result.kv_heads, result.head_dim) = (Int64(shape.kvHeads), Int64(shape.headDim))
    result.first_pair = rotary.first(shape.rotaryDim, shape.rotaryBase, shape.rotaryScaling)
    result.rotary_pairs = Int64(shape.rotaryDim / 2)
    result.scale = Float(shape.resolvedScale)
    (result.query, result.key) = (projection(window.query), projection(window.key))
    if let queryNorm = window.queryNorm { result.query_norm = norm(queryNorm) }
    if let keyNorm = window.keyNorm { result.key_norm = norm(keyNorm) }
    result.shares = floats(window.shares)
    return result
  }

  mutating func mamba2(_ mixer: Mamba2) -> mhk_ssd_mixer {
    let shape = mixer.configuration
    var result = mhk_ssd_mixer()
    (result.heads, result.head_dim) = (Int64(shape.heads), Int64(shape.headDim))
    (result.groups, result.state_dim) = (Int64(shape.groups), Int64(shape.stateDim))
    (result.x, result.bc) = (rows(mixer.xRows), rows(mixer.bcRows))
    (result.z, result.decay) = (rows(mixer.zRows), rows(mixer.dtRows))
    result.out = projection(mixer.outProjection)
    (result.x_taps, result.bc_taps) = (taps(mixer.xConvolution), taps(mixer.bcConvolution))
    result.rates = rates(mixer.aLog)
    result.step_bias = floats(mixer.dtBias)
    result.least_step = Float(shape.timeStepLimit.lowerBound)
    result.largest_step = Float(shape.timeStepLimit.upperBound)
    result.skip = floats(mixer.skip)
    if let norm = mixer.norm {
      result.norm_groups = Int64(norm.groups)
      result.norm = mhk_normalisation(weight: floats(norm.weight), bias: nil, epsilon: Float(norm.epsilon))
    }
    return result
  }

  mutating func mamba(_ mixer: Mamba) -> mhk_scan_mixer {
    let shape = mixer.configuration
    var result = mhk_scan_mixer()
    (result.channels, result.state_dim) = (Int64(shape.innerDim), Int64(shape.stateDim))
    result.rank = Int64(shape.timeStepRank)
    (result.x, result.z) = (rows(mixer.xRows), rows(mixer.zRows))
    result.parameters = projection(mixer.xProjection)
    result.steps = projection(mixer.stepWeight, mixer.stepBias)
    result.out = projection(mixer.outProjection)
    result.taps = taps(mixer.convolution)
    (result.rates, result.skip) = (rates(mixer.aLog), floats(mixer.skip))
    return result
  }

  private mutating func rows(_ rows: InputRows) -> mhk_weighted_sum { projection(rows.weight, rows.bias) }

  /// A = −exp(A_log).
  private mutating func rates(_ aLog: Tensor) -> UnsafePointer<Float> {
    let logarithms = withoutGradients { aLog.detached().to(.float32).floats() }
    return floats(logarithms.map { -Float(exp(Double($0))) })
  }
}
