import MohawkFiles
import MohawkMixers

extension MambaConfiguration: KeyedGeometry {
  init(_ json: ModelJSON, modelDim: Int) throws {
    self.init(
      modelDim: modelDim, innerDim: try json.integer("width"), stateDim: try json.integer("state", in: 1...65_536),
      timeStepRank: try json.integer("step_rank"), convWidth: try json.integer("convolution", in: 2...64),
      projectionBias: try json.bool("projection_bias", default: false),
      convolutionBias: try json.bool("convolution_bias", default: true))
  }

  var keyed: [String: Any] {
    [
      "width": innerDim, "state": stateDim, "step_rank": timeStepRank, "convolution": convWidth,
      "projection_bias": projectionBias, "convolution_bias": convolutionBias,
    ]
  }
}
