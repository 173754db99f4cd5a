import CMohawkDecoder
import MohawkMixers
import MohawkModels
import MohawkTensor

/// A model's weights as the native decoder walks over them.
final class DecodingPlan {
  let handle: mhk_plan
  /// The type in which each layer keeps keys and values.
  let cache: DType
  private let memory: PlanMemory

  /// Nil for models that the native decoder does not do: in fp64, on another device, with a kind of mixer that has no
  /// steps there, with single heads that keep attention, or with tokens that are seen beside a sliding window.
  init?(_ model: Decoder, rounded: QuantizedDecoder? = nil) {
    let first = model.embedding.weight
    guard first.device.usesMainMemory, first.dtype != .float64, model.compute != .float64 else { return nil }
    cache = model.compute == .bfloat16 ? .bfloat16 : .float32
    let configuration = model.configuration
    guard configuration.partsWithoutNativeSteps.isEmpty else { return nil }
    if configuration.hasSinks { return nil }
    var memory = PlanMemory(rounded: rounded)
    var shape = mhk_plan_shape()
    shape.model_dim = Int64(configuration.modelDim)
    shape.vocabulary = Int64(configuration.vocabulary)
    shape.embedding = memory.matrix(model.embedding.weight)
    shape.positions = memory.floats(model.positions?.weight)
    shape.embedding_scale = Float(model.embeddingScale)
    shape.norm = memory.norm(model.finalNorm)
    shape.head = mhk_weighted_sum(weights: shape.embedding, bias: nil)
    if let head = model.lmHead { shape.head = memory.projection(head) }
    shape.logit_divisor = Float(configuration.multipliers.logits)
    shape.logit_cap = Float(configuration.logitCap ?? 0)
    memory.rotary = RotaryWaves(model)
    let waves = memory.rotary
    shape.rotary_pairs = Int64(waves.frequencies.count)
    var plan = mhk_plan(object: UnsafeMutableRawPointer(bitPattern: 8)!)
    waves.frequencies.withUnsafeBufferPointer { frequencies in
      waves.magnitudes.withUnsafeBufferPointer { magnitudes in
        (shape.frequencies, shape.magnitudes) = (frequencies.baseAddress, magnitudes.baseAddress)
        check(mhk_plan_new(&shape, &plan))
      }
    }
    for block in model.layers {
      var layer = memory.layer(block)
      guard let mixer = block.mixer as? any NativeMixer else { preconditionFailure("a mixer without native steps") }
      mixer.add(to: plan, &layer, &memory, cache)
    }
    handle = plan
    self.memory = memory
  }

  deinit { mhk_plan_free(handle) }
}

/// The native decoder fails only for want of memory.
func check(_ error: UnsafePointer<CChar>?) {
  if let error { fatalError(String(cString: error)) }
}
