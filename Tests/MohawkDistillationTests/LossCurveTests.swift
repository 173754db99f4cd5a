import Foundation
import MohawkLayers
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

/// Training as a whole gives the losses that it gave when the files in `Curves` were written: whoever moves code without
/// changing what it computes sees it here. `make curves` writes the files anew.
///
/// Kernels differ in the last bits from one set of processor instructions to another, so a file holds the digits that all
/// of them share, and the last digit may be one off.
@Suite struct LossCurveTests {
  private static let isWriting = ProcessInfo.processInfo.environment["MOHAWK_WRITE_CURVES"] != nil

  @Test(arguments: LossCurve.all)
  func theLossesAreThoseOfTheFile(_ curve: LossCurve) throws {
    let path = LossCurve.folder + "/" + curve.fileName
    let lines = try curve.lines()
    if Self.isWriting {
      try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
      return
    }
    try expect(lines, toBeThoseOf: curve)
  }

  @Test(arguments: LossCurve.all.filter { $0.precision != .float64 })
  func kernelsOfEveryInstructionSetGiveTheSameLosses(_ curve: LossCurve) throws {
    if Self.isWriting { return }
    for set in Instructions.allCases where set.rawValue < Instructions.current.rawValue {
      try Instructions.limited(to: set) { try expect(curve.lines(), toBeThoseOf: curve) }
    }
  }

  private func expect(_ lines: [String], toBeThoseOf curve: LossCurve) throws {
    for fault in try curve.faults(lines) { Issue.record("\(fault)") }
  }

  @Test func everyFileBelongsToACurve() throws {
    if Self.isWriting { return }
    let files = try FileManager.default.contentsOfDirectory(atPath: LossCurve.folder)
    #expect(Set(files) == Set(LossCurve.all.map(\.fileName)))
    #expect(Set(LossCurve.all.map(\.fileName)).count == LossCurve.all.count)
  }

  @Test func anotherLearningRateIsAnotherCurve() throws {
    let curve = LossCurve.all[0]
    let changed = LossCurve(name: curve.name, precision: curve.precision) { precision in
      try SlowerStage(curve.stage(precision))
    }
    #expect(try changed.lines() != curve.lines())
  }
}

extension LossCurve {
  /// How lines differ from the curve's file, in sentences.
  func faults(_ lines: [String]) throws -> [String] {
    func losses(_ text: String) -> [Double] {
      text.split(separator: "\n").map { Double($0.split(separator: " ")[1])! }
    }
    let file = try String(contentsOfFile: LossCurve.folder + "/" + fileName, encoding: .utf8)
    let (found, wanted) = (losses(lines.joined(separator: "\n")), losses(file))
    guard found.count == wanted.count, found.count == LossCurve.steps else { return ["\(found.count) steps"] }
    return zip(found, wanted).enumerated().compactMap { step, pair in
      let (found, wanted) = pair
      // One unit of the last digit, whatever the leading one is.
      let unit = pow(10, log10(abs(wanted)).rounded(.down) - Double(precision.digits - 1))
      return abs(found - wanted) <= 1.01 * unit
        ? nil : "\(fileName), step \(step + 1): \(found), the file has \(wanted)"
    }
  }
}

/// A stage that learns a millionth slower.
private final class SlowerStage: TrainingStage {
  let stage: any TrainingStage
  let plan: StageRecipe

  init(_ stage: any TrainingStage) {
    self.stage = stage
    var plan = stage.plan
    plan.learningRate *= 1 - 1e-6
    self.plan = plan
  }

  var name: StageName { stage.name }
  var parameters: [Parameter] { stage.parameters }
  var saved: [Parameter] { stage.saved }
  func begin() throws { try stage.begin() }
  func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    try stage.accumulate(batch, share: share)
  }
  func evaluate() throws -> [Metric] { [] }
}
