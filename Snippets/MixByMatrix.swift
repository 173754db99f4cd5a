// The law of every mixer: what it computes is its matrix times its values.

// snippet.show
import MohawkLayers
import MohawkMixers
import MohawkTensor

let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 1)))
let geometry = DiscreteMamba2Configuration(modelDim: 64, qkHeads: 4, vHeads: 4, stateDim: 16)
let mixer = DiscreteMamba2(geometry, build.root / "mixer")

let x = RandomGenerator(seed: 2).normal([1, 100, 64])  // [batch, length, modelDim]
let operands = mixer.operands(x, for: .mixing)
let matrix = mixer.matrix(operands)  // [batch, heads, length, length], lower triangular
let slow = matrix.matmul(mixer.values(operands).transposed(1, 2)).transposed(1, 2)
let fast = mixer.mix(operands)  // the same, in chunks: linear in the length
print("largest difference:", (fast - slow).abs().max().item())
