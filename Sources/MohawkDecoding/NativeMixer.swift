import CMohawkDecoder
import MohawkMixers
import MohawkModels
import MohawkTensor

/// A mixer that the native decoder has steps for; libtorch decodes models with others. Its states are `NativeState`s.
protocol NativeMixer: CausalMixer {
  /// Adds a layer with this mixer to a plan.
  func add(to plan: mhk_plan, _ layer: inout mhk_layer, _ memory: inout PlanMemory, _ cache: DType)
}

/// A state that the native decoder reads and writes where it lies.
protocol NativeState: MixerState {
  /// Where it lies, with room for `added` tokens in what keeps all of them.
  func pointers(adding added: Int, _ cache: DType) -> mhk_layer_state
  /// Counts tokens that the native decoder has added.
  func move(by count: Int)
}

extension DecoderConfiguration {
  /// What of the mixers only libtorch decodes: kinds by their names.
  var partsWithoutNativeSteps: [String] {
    func isNative<Geometry: MixerGeometry>(_ geometry: Geometry.Type) -> Bool {
      Geometry.Mixer.self is any NativeMixer.Type
    }
    let kinds = Set(mixers).filter { kind in !kind.isAttention && !(kind.geometry.map { isNative($0) } ?? false) }
    return kinds.map(\.rawValue).sorted()
  }
}

extension Attention: NativeMixer {
  func add(to plan: mhk_plan, _ layer: inout mhk_layer, _ memory: inout PlanMemory, _ cache: DType) {
    var description = memory.attention(self, cache)
    check(mhk_plan_add_attention(plan, &layer, &description))
  }
}

extension DiscreteMamba2: NativeMixer {
  func add(to plan: mhk_plan, _ layer: inout mhk_layer, _ memory: inout PlanMemory, _ cache: DType) {
    var description = memory.discreteMamba2(self, cache)
    check(mhk_plan_add_ssd(plan, &layer, &description))
  }
}

extension Mamba2: NativeMixer {
  func add(to plan: mhk_plan, _ layer: inout mhk_layer, _ memory: inout PlanMemory, _ cache: DType) {
    var description = memory.mamba2(self)
    check(mhk_plan_add_ssd(plan, &layer, &description))
  }
}

extension Mamba: NativeMixer {
  func add(to plan: mhk_plan, _ layer: inout mhk_layer, _ memory: inout PlanMemory, _ cache: DType) {
    var description = memory.mamba(self)
    check(mhk_plan_add_scan(plan, &layer, &description))
  }
}
