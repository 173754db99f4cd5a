import Foundation
import MohawkGGUF
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor

/// A GGUF file read as a model by its own keys alone: an oracle that goes the way of the export backwards, number by
/// number.
struct GGUFReadBack: ParameterSource {
  let file: GGUFFile
  let configuration: DecoderConfiguration

  /// - Parameter original: tells what the file's architecture implies, not its sizes.
  init(_ file: GGUFFile, like original: DecoderConfiguration) throws {
    self.file = file
    let architecture = try file.string("general.architecture")!
    func integer(_ key: String) throws -> Int? { try file.integer("\(architecture).\(key)") }
    var read = original
    read.vocabulary = try integer("vocab_size")!
    let layers = try integer("block_count")!
    if architecture == "granitehybrid" {
      let counts = try file.integers("\(architecture).attention.head_count_kv")!
      let head = try integer("attention.key_length")!
      var attention = AttentionConfiguration(
        modelDim: original.modelDim, heads: try integer("attention.head_count")!, kvHeads: counts.max()!, headDim: head,
        rotaryDim: try file.bool("\(architecture).rope.scaling.finetuned")! ? integer("rope.dimension_count")! : 0,
        rotaryBase: try file.double("\(architecture).rope.freq_base")!, maxLength: try integer("context_length")!,
        bias: file.tensors.contains { $0.name.hasSuffix("attn_q.bias") })
      attention.scale = try file.double("\(architecture).attention.scale")
      if let factor = try file.double("\(architecture).rope.scaling.factor") {
        attention.rotaryScaling = .linear(factor: factor)
      }
      // The last layer may be one that does nothing.
      let (mlp, mamba) = (original.sharedMLP, original.shared(Mamba2Configuration.self)!)
      read.layers = counts.map { DecoderLayer($0 == 0 ? mamba : attention, mlp: mlp) }
    }
    precondition(layers == read.layers.count, "\(layers) layers instead of \(read.layers.count)")
    if read.mixers.contains(.mamba2) {
      let (heads, groups) = (try integer("ssm.time_step_rank")!, try integer("ssm.group_count")!)
      let mamba = Mamba2Configuration(
        modelDim: original.modelDim, heads: heads, headDim: try integer("ssm.inner_size")! / heads, groups: groups,
        stateDim: try integer("ssm.state_size")!, convWidth: try integer("ssm.conv_kernel")!, chunk: 8,
        normGroups: groups)
      read.change(Mamba2Configuration.self) { $0 = mamba }
    }
    read.change(MambaConfiguration.self) { $0.convolutionBias = true }
    configuration = read
  }

  var model: Decoder {
    get throws {
      let build = ParameterBuild(self)
      let model = Decoder(configuration, build)
      try build.finish()
      return model
    }
  }

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let (name, shape) = (request.name, request.shape)
    let parts = name.split(separator: ".", maxSplits: 2).map(String.init)
    let found: [Float]?
    if parts[0] == "layers" {
      found = layer("blk.\(parts[1]).", parts[2])
    } else {
      found = floats(Self.outer[name]!)
    }
    guard let found else { return .failure(.missing(key: name)) }
    let wanted = shape.reduce(1, *)
    guard found.count == wanted else {
      return .failure(.misshapen(key: name, found: [found.count], wanted: shape))
    }
    return .success(Tensor(found, shape: shape))
  }

  private static let outer = [
    "embedding.weight": "token_embd.weight", "positions.weight": "position_embd.weight",
    "final_norm.weight": "output_norm.weight", "final_norm.bias": "output_norm.bias",
    "lm_head.weight": "output.weight", "lm_head.bias": "output.bias",
  ]
  private static let inner = [
    "norm": "attn_norm", "mlp_norm": "ffn_norm", "post_norm": "post_attention_norm",
    "mlp_post_norm": "post_ffw_norm", "mlp.gate": "ffn_gate", "mlp.up": "ffn_up", "mlp.down": "ffn_down",
    "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down", "attention.v_proj": "attn_v", "attention.dense": "attn_output",
    "attention.q_norm": "attn_q_norm", "attention.k_norm": "attn_k_norm", "mixer.out_proj": "ssm_out",
    "mixer.x_proj": "ssm_x", "mixer.dt_proj": "ssm_dt", "mixer.norm": "ssm_norm", "mixer.conv1d": "ssm_conv1d",
  ]

  func floats(_ name: String) -> [Float]? { file.tensor(name).map { try! file.floats(of: $0) } }

  private func layer(_ block: String, _ name: String) -> [Float]? {
    let dot = name.lastIndex(of: ".") ?? name.startIndex
    let (path, part) = (String(name[..<dot]), String(name[dot...].dropFirst()))
    if path == "attention.q_proj" || path == "attention.k_proj" || path == "attention.v_proj",
      let joined = floats(block + "attn_qkv.\(part)")
    {
      let attention = configuration.sharedAttention!
      let row = joined.count / (attention.width + 2 * attention.kvWidth)
      let (wide, narrow) = (row * attention.width, row * attention.kvWidth)
      if path.contains("q_") { return Array(joined.prefix(wide)) }
      return Array(joined[(path.contains("k_") ? wide : wide + narrow)...].prefix(narrow))
    }
    switch name {
    case "attention.q_proj.weight", "attention.q_proj.bias":
      return floats(block + "attn_q.\(part)").map { separated($0, configuration.sharedAttention!.heads) }
    case "attention.k_proj.weight", "attention.k_proj.bias":
      return floats(block + "attn_k.\(part)").map { separated($0, configuration.sharedAttention!.kvHeads) }
    case "mixer.A_log": return floats(block + "ssm_a").map { $0.map { Float(log(-Double($0))) } }
    case "mixer.D": return floats(block + "ssm_d")
    case "mixer.dt_bias": return floats(block + "ssm_dt.bias")
    default: break
    }
    if path == "mlp.gate" || path == "mlp.up", floats(block + "ffn_gate.weight") == nil {
      let both = floats(block + "ffn_up.weight")!
      return Array(path == "mlp.gate" ? both.prefix(both.count / 2) : both.suffix(both.count / 2))
    }
    if configuration.mixers.contains(.mamba2) { if let rows = mamba2(block, name) { return rows } }
    if name == "mixer.in_proj.x" || name == "mixer.in_proj.z" {
      let both = floats(block + "ssm_in.weight")!
      return Array(name.hasSuffix("x") ? both.prefix(both.count / 2) : both.suffix(both.count / 2))
    }
    return Self.inner[path].flatMap { floats(block + $0 + "." + part) }
  }

  /// Rows of the joined projection, z, x, B, C, dt, and of the convolution over x, B, C.
  private func mamba2(_ block: String, _ name: String) -> [Float]? {
    let mamba = configuration.shared(Mamba2Configuration.self)!
    let (inner, bc, heads) = (mamba.innerDim, mamba.bcDim, mamba.heads)
    func rows(_ tensor: String, _ first: Int, _ count: Int, _ width: Int) -> [Float]? {
      floats(block + tensor).map { Array($0[first * width..<(first + count) * width]) }
    }
    let width = mamba.modelDim
    switch name {
    case "mixer.in_proj.z": return rows("ssm_in.weight", 0, inner, width)
    case "mixer.in_proj.x": return rows("ssm_in.weight", inner, inner, width)
    case "mixer.in_proj.bc": return rows("ssm_in.weight", 2 * inner, bc, width)
    case "mixer.in_proj.dt": return rows("ssm_in.weight", 2 * inner + bc, heads, width)
    case "mixer.conv1d.x.weight": return rows("ssm_conv1d.weight", 0, inner, mamba.convWidth)
    case "mixer.conv1d.bc.weight": return rows("ssm_conv1d.weight", inner, bc, mamba.convWidth)
    case "mixer.conv1d.x.bias": return rows("ssm_conv1d.bias", 0, inner, 1)
    case "mixer.conv1d.bc.bias": return rows("ssm_conv1d.bias", inner, bc, 1)
    default: return nil
    }
  }

  /// Neighbours 2i and 2i + 1 of each head back to the places i and i + half.
  private func separated(_ numbers: [Float], _ heads: Int) -> [Float] {
    let architecture = try! file.string("general.architecture")!
    guard ["llama", "smollm3", "granite", "granitehybrid"].contains(architecture) else { return numbers }
    let attention = configuration.sharedAttention!
    let (head, half) = (attention.headDim, attention.rotaryDim / 2)
    let width = numbers.count / (heads * head)
    var result = numbers
    for h in 0..<heads {
      for i in 0..<half {
        for column in 0..<width {
          result[(h * head + i) * width + column] = numbers[(h * head + 2 * i) * width + column]
          result[(h * head + half + i) * width + column] = numbers[(h * head + 2 * i + 1) * width + column]
        }
      }
    }
    return result
  }
}
