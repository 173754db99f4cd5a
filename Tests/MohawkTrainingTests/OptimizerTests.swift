import MohawkFiles
import MohawkLayers
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

@Suite struct OptimizerTests {
  func plan(_ optimizer: MatrixOptimizer) -> StageRecipe {
    var plan = StageRecipe(tokens: 1, batchTokens: 1, learningRate: 1, trains: .all)
    plan.optimizer = optimizer
    return plan
  }

  func parameter(_ name: String, _ values: [Double], _ shape: [Int], decays: Bool = true, unit: Double = 1) -> Parameter
  {
    let parameter = Parameter(name: name, value: Tensor(values, shape: shape).copy(), decays: decays)
    parameter.unit = unit
    return parameter
  }

  func optimizer(_ kind: MatrixOptimizer) -> Optimizer {
    Optimizer(
      [
        parameter("w", [1, 2, 3, 4], [2, 2]), parameter("b", [3, 1], [2], decays: false),
        parameter("e", [1, 0, 0, 1], [2, 2]),
      ], plan(kind), rates: [1, 1, 0.5], blocks: [1, 0, 0])
  }

  let gradients = [
    Tensor([0.1, -0.2, 0.3, 0.4], shape: [2, 2]), Tensor([0.3, -0.1]), Tensor([0.2, 0.1, 0.1, 0], shape: [2, 2]),
  ]

  @Test func onlyMatricesOfBlocksMoveByMuonAndOnlyWhereThePlanAsksForIt() {
    let (adamW, muon) = (optimizer(.adamW), optimizer(.muon))
    let names = { (optimizer: Optimizer) in optimizer.state.map(\.name).sorted() }
    #expect(names(adamW) == ["b.first", "b.second", "e.first", "e.second", "w.first", "w.second"])
    #expect(names(muon) == ["b.first", "b.second", "e.first", "e.second", "w.momentum"])
    for optimizer in [adamW, muon] { optimizer.update(gradients: gradients, learningRate: 0.1, gradientScale: 0.5) }
    #expect(adamW.parameters[0].value.doubles() != muon.parameters[0].value.doubles())
    for index in [1, 2] {
      #expect(adamW.parameters[index].value.doubles() == muon.parameters[index].value.doubles())
    }
    #expect(muon.step == 1)
  }

  @Test func theNormIsThatOfTheNumbersInTheirUnits() {
    let optimizer = Optimizer(
      [parameter("a", [1, 2], [2], unit: 1 / 64.0), parameter("b", [3], [1])], plan(.adamW), rates: [1, 1],
      blocks: [0, 0])
    let norm = optimizer.norm(of: [Tensor([3.0 * 64, 4 * 64]), Tensor([12.0])])
    #expect(abs(norm - 13) < 1e-12)
  }

  @Test(arguments: [MatrixOptimizer.adamW, .muon]) func savedMomentsGoOnBitByBit(_ kind: MatrixOptimizer) throws {
    let folder = try TemporaryFolder()
    let original = optimizer(kind)
    original.update(gradients: gradients, learningRate: 0.1)
    try Safetensors.write(original.state, to: folder / "o")
    let other = optimizer(kind)
    for (mine, theirs) in zip(other.parameters, original.parameters) { mine.value.assign(theirs.value) }
    try other.restore(SavedMoments([try SafetensorsFile(folder / "o")]), step: 1)
    for optimizer in [original, other] { optimizer.update(gradients: gradients, learningRate: 0.1) }
    #expect(other.step == 2)
    for (mine, theirs) in zip(other.parameters, original.parameters) {
      #expect(mine.value.doubles() == theirs.value.doubles())
    }
  }

  @Test func momentsOfAnotherModelAreRefusedInOneError() throws {
    let folder = try TemporaryFolder()
    try Safetensors.write(
      [("w.momentum", .zeros([3])), ("e.first", .zeros([2], .float64)), ("x.first", .zeros([1]))], to: folder / "o")
    let error = #expect(throws: MohawkError.self) {
      try optimizer(.muon).restore(SavedMoments([try SafetensorsFile(folder / "o")]), step: 1)
    }
    for part in ["w.momentum is float32[3]", "e.first is float64[2]", "b.first is missing", "x.first is not used"] {
      #expect(error?.description.contains(part) == true, "\(part)")
    }
  }
}
