// Distils one attention layer into one Discrete-Mamba-2 layer: first its matrix, then its output.

import MohawkDistillation
import MohawkLayers
import MohawkMixers
import MohawkRecipes
import MohawkTensor
import MohawkTraining

let (modelDim, heads, length) = (64, 4, 64)

// The teacher and the student: each draws its parameters from a seeded generator.
let teacherBuild = ParameterBuild(DrawnParameters(RandomGenerator(seed: 1)))
let attention = Attention(
  AttentionConfiguration(
    modelDim: modelDim, heads: heads, kvHeads: heads, headDim: modelDim / heads, rotaryDim: 8, maxLength: length,
    bias: false), teacherBuild.root / "attention")
let studentBuild = ParameterBuild(DrawnParameters(RandomGenerator(seed: 2)))
let mamba = DiscreteMamba2(
  DiscreteMamba2Configuration(modelDim: modelDim, qkHeads: heads, vHeads: heads, stateDim: 32),
  studentBuild.root / "mixer")

let inputs = RandomGenerator(seed: 3)

/// One stage: a loss on the same random inputs for both layers, and AdamW over the parameters that `moves` accepts.
func train(
  _ title: String, steps: Int, peak: Double, moves: (Parameter) -> Bool, loss: (_ x: Tensor) -> Tensor
) {
  let moving = studentBuild.parameters.train(where: moves)
  let optimizer = AdamW(moving, AdamW.Settings())
  let schedule = WSDSchedule(steps: steps, peak: peak)
  print("\(title): \(moving.count) of \(studentBuild.parameters.all.count) parameters move")
  for step in 0..<steps {
    let loss = loss(inputs.normal([8, length, modelDim]))
    loss.backward()
    let gradients = moving.map { $0.value.gradient! }
    _ = GradientClip.clip(gradients, to: 1)
    optimizer.update(gradients: gradients, learningRate: schedule.learningRate(at: step))
    for parameter in moving { parameter.value.gradient = nil }
    if step == 0 || (step + 1) % (steps / 5) == 0 { print("  step \(step + 1): \(Float(loss.item()))") }
  }
}

train(
  "Stage 1, matrix orientation", steps: 500, peak: 5e-3,
  moves: { DiscreteMamba2.matrixDependsOn($0.name) },
  loss: { x in StageLosses.orientation(student: mamba.matrix(of: x), teacher: attention.matrix(of: x)) })

train(
  "Stage 2, hidden-state alignment", steps: 500, peak: 5e-3,
  moves: { _ in true },
  loss: { x in StageLosses.alignment(student: mamba(x), teacher: attention(x)) })
