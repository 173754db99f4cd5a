import Foundation
import MohawkDistillation
import MohawkMixers
import MohawkRecipes
import MohawkTensor
import Testing

/// The losses against those of an independent implementation (`Scripts/goldens/README.md`).
@Suite struct StageLossTests {
  static let goldens = try! SafetensorsFile(
    Bundle.module.path(forResource: "Goldens/losses", ofType: "safetensors")!)

  private func check(_ name: String, _ loss: (_ student: Tensor, _ teacher: Tensor) -> Tensor) throws {
    let student = try Self.goldens.tensor(name + ".student").leaf()
    let value = loss(student, try Self.goldens.tensor(name + ".teacher"))
    let wanted = try Self.goldens.tensor(name + ".loss").item()
    #expect(abs(value.item() - wanted) <= 1e-12 * abs(wanted), "\(name)")
    value.backward()
    #expect(try student.gradient!.error(from: Self.goldens.tensor(name + ".grad")) < 1e-12, "\(name)")
  }

  @Test(arguments: ["stage1", "stage1_one_equal"]) func orientationIsTheMeanFrobeniusDistance(_ name: String) throws {
    try check(name) { StageLosses.orientation(student: $0, teacher: $1) }
  }

  @Test(arguments: [DType.float64, .float32, .bfloat16], [MatrixColumns.equal, .values])
  func matricesThatDifferByRoundingAloneHaveNoGradient(_ dtype: DType, _ columns: MatrixColumns) {
    // Two heads, [1, 2, 2, 2]; powers of two, so that nothing is rounded. The first differs by the type's last digit.
    let teacher = Tensor([1, 0, 0, 1, 1, 0, 0, 1] as [Double], shape: [1, 2, 2, 2])
    let unit = dtype == .float64 ? 0x1p-52 : dtype == .float32 ? 0x1p-23 : 0x1p-7
    let change = Tensor([unit, 0, 0, 0, 0, 0, 0.5, 0], shape: [1, 2, 2, 2])
    let student = (teacher + change).to(dtype).leaf()
    var loss = LayerLoss()
    loss.columns = columns
    loss.relative = columns == .values
    let distance = loss.matrices(
      student: MixerMatrix { student }, teacher: MixerMatrix { teacher.to(dtype) },
      lengths: .ones([1, 2, 1, 2], dtype == .float64 ? .float64 : .float32))
    distance.backward()
    let gradient = student.gradient!.to(.float64)
    #expect(distance.item() > 0.1 && gradient.narrowed(1, from: 0, length: 1).abs().max().item() == 0)
    #expect(gradient.doubles()[6] > 0.1)
  }

  @Test(arguments: ["stage2", "stage2_one_equal"]) func alignmentIsTheMeanDistanceOfTokens(_ name: String) throws {
    try check(name) { StageLosses.alignment(student: $0, teacher: $1) }
  }

  @Test(arguments: ["stage3", "stage3_large_logits"]) func distillationIsTheSoftCrossEntropy(_ name: String) throws {
    try check(name) { student, teacher in
      let positions = Double(student.count / student.size(-1))
      return StageLosses.distillationSum(student: student, teacher: teacher) / positions
    }
  }

  @Test func lossesInBrainFloatsAreSummedInFloats() {
    let noise = RandomGenerator(seed: 1)
    let (a, b) = (noise.normal([2, 3, 9, 9]).to(.bfloat16), noise.normal([2, 3, 9, 9]).to(.bfloat16))
    #expect(StageLosses.orientation(student: a, teacher: b).dtype == .float32)
    let exact = (a.to(.float32) - b.to(.float32)).square().sum(over: -2, -1).sqrt().mean().item()
    #expect(abs(StageLosses.orientation(student: a, teacher: b).item() - exact) < 2e-2 * exact)
    let aligned = StageLosses.alignment(student: a.to(.float32), teacher: b).item()
    let exactly = (a.to(.float32) - b.to(.float32)).square().sum(over: -1).sqrt().mean().item()
    #expect(abs(aligned - exactly) < 1e-5 * exactly)
  }

  @Test func logitsInTheThousandsGiveNoInfinity() {
    let student = (RandomGenerator(seed: 1).normal([4, 50]) * 1e4).leaf()
    let loss = StageLosses.distillationSum(student: student, teacher: RandomGenerator(seed: 2).normal([4, 50]) * 1e4)
    loss.backward()
    #expect(loss.item().isFinite && student.gradient!.isAllFinite)
  }
}
