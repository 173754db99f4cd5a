import MohawkGGUF
import MohawkMixers
import MohawkModels
import MohawkTensor

extension GGUFDraft {
  mutating func addMamba2(_ layer: Int, _ mamba: Mamba2Configuration) {
    let (inner, outer, padding) = ("layers.\(layer).mixer.", "blk.\(layer).ssm_", padding)
    let states = mamba.groups * mamba.stateDim
    /// Rows of x, then of B, then of C, each with those of the added groups behind them.
    func padded(_ x: GGUFRows, _ bc: String, _ row: [Int]) -> GGUFRows {
      let added = padding.groups * mamba.stateDim
      return .joined([
        x, .constant(0, [padding.channels] + row), part(bc, 0, states), .constant(0, [added] + row),
        part(bc, states, states), .constant(0, [added] + row),
      ])
    }
    func perHead(_ name: String) -> GGUFRows {
      .joined([parameter(inner + name), .constant(0, [padding.heads])])
    }
    let (width, taps) = ([configuration.modelDim], [1, mamba.convWidth])
    add(
      outer + "in.weight",
      .joined([
        parameter(inner + "in_proj.z"), .constant(0, [padding.channels] + width),
        padded(parameter(inner + "in_proj.x"), inner + "in_proj.bc", width), parameter(inner + "in_proj.dt"),
        .constant(0, [padding.heads] + width),
      ]))
    let convolution = padded(parameter(inner + "conv1d.x.weight"), inner + "conv1d.bc.weight", taps)
    let channels = convolution.shape[0]
    add(outer + "conv1d.weight", convolution.reshaped(channels, mamba.convWidth))
    // llama.cpp adds the bias without asking whether it is there.
    add(
      outer + "conv1d.bias",
      mamba.convolutionBias
        ? padded(parameter(inner + "conv1d.x.bias"), inner + "conv1d.bc.bias", []) : .constant(0, [channels]))
    let heads = mamba.heads + padding.heads
    add(outer + "dt.bias", perHead("dt_bias"))
    add(outer + "a", perHead("A_log").mapped { -$0.exp() }.reshaped(heads, 1))
    add(outer + "d", perHead("D").reshaped(heads, 1))
    let scale = GGUFRows.joined([parameter(inner + "norm.weight"), .constant(1, [padding.channels])])
    let groups = mamba.groups + padding.groups
    add(outer + "norm.weight", scale.reshaped(groups, scale.shape[0] / groups))
    add(outer + "out.weight", parameter(inner + "out_proj.weight").widened(by: padding.channels))
  }

  /// Some rows of a parameter.
  private func part(_ name: String, _ first: Int, _ count: Int) -> GGUFRows {
    guard let value = model.parameters[name]?.value else { preconditionFailure("the model has no \(name)") }
    return GGUFRows([count] + value.shape.dropFirst()) { value.detached().narrowed(0, from: first, length: count) }
  }

  mutating func addMamba(_ layer: Int, _ mamba: MambaConfiguration) {
    let (inner, outer) = ("layers.\(layer).mixer.", "blk.\(layer).ssm_")
    add(outer + "in.weight", .joined([parameter(inner + "in_proj.x"), parameter(inner + "in_proj.z")]))
    add(outer + "conv1d.weight", parameter(inner + "conv1d.weight").reshaped(mamba.innerDim, mamba.convWidth))
    add(outer + "conv1d.bias", parameter(inner + "conv1d.bias", orZeros: mamba.innerDim))
    add(outer + "x.weight", parameter(inner + "x_proj.weight"))
    addBoth(outer + "dt", from: inner + "dt_proj")
    add(outer + "a", parameter(inner + "A_log").mapped { -$0.exp() })
    add(outer + "d", parameter(inner + "D"))
    add(outer + "out.weight", parameter(inner + "out_proj.weight"))
  }
}
