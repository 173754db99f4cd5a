// Distils one attention layer into one Discrete-Mamba-2 layer: first its matrix, then its output.

import MohawkDistillation
import MohawkLayers
import MohawkMixers
import MohawkRecipes
import MohawkTensor
import MohawkTraining

Runtime.threads = 1  // The products are so small that threads would only wait for each other.
let (modelDim, heads, length) = (64, 4, 64)

// The teacher, and random sequences of sixteen random words for it to mix.
let teacher = ParameterBuild(DrawnParameters(RandomGenerator(seed: 1)))
let attention = Attention(
  AttentionConfiguration(
    modelDim: modelDim, heads: heads, kvHeads: heads, headDim: 16, rotaryDim: 8, maxLength: length, bias: false),
  teacher.root / "attention")
let words = Embedding(16, modelDim, deviation: 1, teacher.root / "words")
let generator = RandomGenerator(seed: 2)

// The student, with as many matrices.
let student = ParameterBuild(DrawnParameters(RandomGenerator(seed: 3)))
let mamba = DiscreteMamba2(
  DiscreteMamba2Configuration(modelDim: modelDim, qkHeads: heads, vHeads: heads, stateDim: 16), student.root / "mixer")

/// One stage: AdamW on a loss over fresh inputs, for the parameters that `moves` accepts.
@MainActor func train(_ title: String, moves: (Parameter) -> Bool, loss: (_ x: Tensor) -> Tensor) {
  let moving = student.parameters.train(where: moves)
  print("\(title): \(moving.count) of \(student.parameters.all.count) parameters move")
  let optimizer = AdamW(moving, AdamW.Settings())
  let schedule = WSDSchedule(steps: 500, peak: 5e-3)
  for step in 0..<schedule.steps {
    let loss = loss(words(generator.integers(0..<16, [8, length])))
    loss.backward()
    let gradients = moving.map { $0.value.gradient! }
    let scale = GradientClip.scale(norm: TensorList.norm(gradients), limit: 1)
    optimizer.update(gradients: gradients, learningRate: schedule.learningRate(at: step), gradientScale: scale)
    for parameter in moving { parameter.value.gradient = nil }
    if step == 0 || (step + 1) % 100 == 0 { print("  step \(step + 1): loss \(Float(loss.item()))") }
  }
}

let sample = words(generator.integers(0..<16, [8, length]))
print("The teacher's matrices have the norm \(Float(attention.matrix(of: sample).norm(over: -2, -1).mean().item())),")
print(
  "its outputs \(Float(attention(sample).norm(over: -1).mean().item())): the losses of a student that does nothing.")

train("Stage 1, matrix orientation", moves: { $0.traits.contains(.shapesMatrix) }) { x in
  StageLosses.orientation(student: mamba.matrix(of: x), teacher: attention.matrix(of: x))
}
train("Stage 2, hidden-state alignment", moves: { _ in true }) { x in
  StageLosses.alignment(student: mamba(x), teacher: attention(x))
}
