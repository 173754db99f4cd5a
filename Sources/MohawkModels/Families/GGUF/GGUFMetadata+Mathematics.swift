import MohawkFiles
import MohawkGGUF
import MohawkLayers

extension GGUFMetadata {
  fileprivate enum Neutral {
    /// 0 or false.
    case off
    /// 0 or 1: some writers have 0 for "not at all".
    case one
    /// True.
    case on
  }

  /// Keys that are read, or say nothing about what is computed.
  private static let read: Set<String> = [
    "vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length", "tensor_data_layout",
    "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length",
    "attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon", "attention.sliding_window",
    "rope.dimension_count", "rope.freq_base", "rope.scaling.type", "rope.scaling.factor", "rope.scale_linear",
    "rope.scaling.original_context_length", "rope.scaling.finetuned",
    // Sizes that only experts have.
    "expert_feed_forward_length", "expert_shared_feed_forward_length", "expert_used_count",
    // Of other scalings than those that are computed, which are refused by their name.
    "rope.scaling.yarn_ext_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_beta_fast",
    "rope.scaling.yarn_beta_slow", "rope.scaling.yarn_log_multiplier",
  ]

  private static let neutral: [String: Neutral] = [
    "expert_count": .off, "attn_logit_softcapping": .off, "final_logit_softcapping": .off,
    "router_logit_softcapping": .off, "attention.max_alibi_bias": .off, "attention.clamp_kqv": .off,
    "attention.scale": .off, "attention.output_scale": .one, "attention.temperature_scale": .off,
    "attention.causal": .on, "attention.shared_kv_layers": .off, "rope.scaling.attn_factor": .one,
    "logit_scale": .one, "embedding_scale": .one, "residual_scale": .one, "use_parallel_residual": .off,
    "ssm.dt_b_c_rms": .off, "pooling_type": .off, "swin_norm": .off, "nextn_predict_layers": .off,
    "expert_shared_count": .off, "leading_dense_block_count": .off, "interleave_moe_layer_step": .off,
  ]

  /// Keys of one architecture or a few.
  private var own: Set<String> {
    var keys: Set<String> = []
    if family.hasState {
      keys = ["ssm.conv_kernel", "ssm.inner_size", "ssm.state_size", "ssm.time_step_rank", "ssm.group_count"]
    }
    if family.hasMultipliers {
      keys.formUnion(["attention.scale", "logit_scale", "embedding_scale", "residual_scale"])
    }
    if family == .gptNeoX { keys.insert("use_parallel_residual") }
    if family == .phi3 { keys.insert("rope.scaling.attn_factor") }
    if family == .gemma2 { keys.formUnion(["attn_logit_softcapping", "final_logit_softcapping"]) }
    if family.windowPeriod != nil { keys.formUnion(["attention.sliding_window_pattern", "rope.freq_base_swa"]) }
    return keys
  }

  /// Refuses keys that change what is computed in a way that is not built here, and keys of the architecture that are
  /// not known.
  func refuseOtherMathematics() throws {
    let (own, prefix) = (own, family.rawValue + ".")
    for full in file.keys where full.hasPrefix(prefix) {
      let key = String(full.dropFirst(prefix.count))
      if own.contains(key) || Self.read.contains(key) { continue }
      guard let value = try file.value(full) else { continue }
      guard let neutral = Self.neutral[key] else {
        throw failure(
          .unsupported, "the key \(ModelJSON.short(full)) is not known and may change what is computed",
          remedy: "use a model without it, or one whose folder can be opened")
      }
      guard value.numbers.allSatisfy(neutral.allows) else {
        let what = key == "expert_count" ? "the model has experts, which are not supported" : nil
        throw failure(
          .unsupported, what ?? "the key \(full) is \(value.short), which this architecture cannot compute here",
          remedy: "use a model without it")
      }
    }
  }

  /// How rotary wave lengths are stretched, a table of factors aside.
  func rotaryScaling(length: Int) throws -> RotaryScaling {
    let kind = try string("rope.scaling.type")
    switch kind {
    case nil, "linear":
      let factor = try number("rope.scaling.factor", default: try number("rope.scale_linear", default: 1))
      guard factor >= 0 else { throw failure(.invalidValue, "the key \(name("rope.scaling.factor")) is below 0") }
      return factor == 0 || factor == 1 ? .none : .linear(factor: factor)
    case "none": return .none
    case "yarn": return .yarn(try yarn(length))
    default:
      throw failure(
        .unsupported, "the rotary scaling '\(ModelJSON.short(kind ?? ""))' is not supported",
        remedy: "known are none, linear, yarn, and a table of factors in rope_freqs.weight")
    }
  }

  /// YaRN with the settings of llama.cpp, whose own keys may change two of them.
  private func yarn(_ length: Int) throws -> RotaryScaling.Yarn {
    let factor = try number("rope.scaling.factor", default: 1)
    let original = try number("rope.scaling.original_context_length", default: Double(length))
    let (extrapolation, log) = (
      try number("rope.scaling.yarn_ext_factor", default: 1), try number("rope.scaling.yarn_log_multiplier", default: 0)
    )
    guard factor > 0, original > 0, extrapolation == 1 || extrapolation == -1, log == 0 else {
      throw failure(
        .unsupported, "the rotary scaling 'yarn' has a factor or settings that are not supported",
        remedy: "open the model's folder")
    }
    var result = RotaryScaling.Yarn(factor: factor, originalLength: original)
    result.fast = try number("rope.scaling.yarn_beta_fast", default: 32)
    result.slow = try number("rope.scaling.yarn_beta_slow", default: 1)
    result.magnitude *= try number("rope.scaling.yarn_attn_factor", default: 1)
    return result
  }

  /// The window of a model and the layers that have it, in architectures that say which; nil where there is none.
  func windows(_ layers: Int) throws -> (tokens: Int, layers: Set<Int>)? {
    guard let usual = family.windowPeriod else { return nil }
    let tokens = try integer("attention.sliding_window", default: family == .gemma2 ? 4096 : 0, in: 0...1 << 24)
    guard tokens > 0 else { return nil }
    let pattern = try value("attention.sliding_window_pattern")?.numbers ?? [Double(usual)]
    if pattern.count > 1 {
      guard pattern.count >= layers, pattern.allSatisfy({ $0 == 0 || $0 == 1 }) else {
        throw failure(
          .invalidValue,
          "the key \(name("attention.sliding_window_pattern")) does not say for each of \(layers) layers "
            + "whether it has a window")
      }
      return (tokens, Set((0..<layers).filter { pattern[$0] == 1 }))
    }
    guard let first = pattern.first, let period = Int(exactly: first), period >= 0 else {
      throw failure(.invalidValue, "the key \(name("attention.sliding_window_pattern")) is no number of layers")
    }
    return (tokens, Set((0..<layers).filter { period == 0 || !($0 + 1).isMultiple(of: period) }))
  }

  /// A soft cap; nil where it is 0.
  func cap(_ key: String, default fallback: Double) throws -> Double? {
    let value = try number(key, default: fallback)
    guard value >= 0 else { throw failure(.invalidValue, "the key \(name(key)) is below 0") }
    return value == 0 ? nil : value
  }

  /// How many tokens can be looked at where no window hides one: no more than the window has, since which layers have
  /// it is not said.
  func lengthWithinWindow(_ context: Int) throws -> Int {
    guard let value = try value("attention.sliding_window") else { return context }
    guard let shortest = value.numbers.filter({ $0 != 0 }).min() else { return context }
    guard let window = Int(exactly: shortest), window > 0 else {
      throw failure(.invalidValue, "the key \(name("attention.sliding_window")) is \(value.short), no number of tokens")
    }
    if window < context {
      Notice.report(
        "the model has a sliding window of \(window) tokens, which is not computed in GGUF files: texts of up to as many "
          + "tokens are supported", at: file.path)
    }
    return min(window, context)
  }
}

extension GGUFMetadata.Neutral {
  func allows(_ number: Double) -> Bool {
    switch self {
    case .off: number == 0
    case .one: number == 0 || number == 1
    case .on: number == 1
    }
  }
}

extension GGUFValue {
  /// The numbers of a value, truth values as 0 and 1; not a number where there is none.
  fileprivate var numbers: [Double] {
    switch self {
    case .bool(let truth): [truth ? 1 : 0]
    case .float32(let number): [Double(number)]
    case .float64(let number): [number]
    case .string: [.nan]
    case .array(.float32(let numbers)): numbers.map(Double.init)
    case .array(.bool(let truths)): truths.map { $0 ? 1 : 0 }
    case .array(let array): array.integers?.map(Double.init) ?? [.nan]
    default: [integer.map(Double.init) ?? .nan]
    }
  }

  /// For an error.
  fileprivate var short: String {
    switch self {
    case .bool(let truth): "\(truth)"
    case .string(let text): "'\(ModelJSON.short(text))'"
    case .array(let array): "an array of \(array.count)"
    default: numbers.first.map(format) ?? ""
    }
  }

  private func format(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
}
