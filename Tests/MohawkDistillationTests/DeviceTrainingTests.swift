import MohawkLayers
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import PretendDeviceSupport
import Testing

/// Training on a device for which there are no kernels of this package.
@Suite struct DeviceTrainingTests {
  @Test func everyStageLearnsOnADeviceWhatItLearnsOnTheProcessor() async {
    await #expect(processExitsWith: .success) {
      TestDevice.current = PretendDevice.load()
      for curve in LossCurve.all where curve.precision != .bfloat16 {
        for fault in try curve.faults(curve.lines()) { Issue.record("\(fault)") }
      }
    }
  }

  @Test func layersAreComputedAgainOnADeviceToo() async {
    await #expect(processExitsWith: .success) {
      TestDevice.current = PretendDevice.load()
      for curve in LossCurve.whole where curve.precision == .float32 {
        try LossCurve.$recomputes.withValue(true) {
          for fault in try curve.faults(curve.lines()) { Issue.record("\(fault)") }
        }
      }
    }
  }

  /// Losses in bf16 depend on where it is rounded, which kernels do more rarely.
  @Test func inHalfPrecisionItLearnsNearlyTheSame() async {
    await #expect(processExitsWith: .success) {
      let device = PretendDevice.load()
      for curve in LossCurve.all where curve.precision == .bfloat16 {
        func losses(_ place: Device) throws -> [Double] {
          TestDevice.current = place
          return try curve.losses()
        }
        for (one, other) in zip(try losses(device), try losses(.cpu)) {
          #expect(abs(one - other) < 0.02 * abs(other), "\(curve.name)")
        }
      }
    }
  }

  @Test func aStepCopiesItsBatchUpAndItsLossesDownAndNothingElse() async {
    await #expect(processExitsWith: .success) {
      TestDevice.current = PretendDevice.load()
      for name in ["pretraining-phi", "orientation-mamba-2", "alignment-mamba-2", "distillation-mamba-2"] {
        for fault in try DeviceTraffic.faults(name, { $0 }) { Issue.record("\(fault)") }
      }
    }
  }

  @Test func aSilentCopyInAStepIsFound() async {
    await #expect(processExitsWith: .success) {
      TestDevice.current = PretendDevice.load()
      let faults = try DeviceTraffic.faults("distillation-mamba-2") { CopyingStage($0) }
      #expect(faults.count == LossCurve.steps - 1)
    }
  }
}

/// What the steps of a stage copy between the processor and the device.
enum DeviceTraffic {
  /// Steps that copy more than a batch up, and more than some numbers down: losses, a norm, what the loop asks.
  static func faults(_ name: String, _ change: (any TrainingStage) -> any TrainingStage) throws -> [String] {
    Runtime.threads = 1
    let curve = LossCurve.all.first { $0.name == name && $0.precision == .float32 }!
    let stage = change(try curve.stage(curve.precision))
    let watch = TrafficWatch()
    try TrainingLoop(recipe: Recipe(), stages: [stage], store: nil, listeners: [watch]) { _, step in
      TrainingBatch(RandomGenerator(seed: 70 + UInt64(step)).integers(0..<40, [3, 12]).to(on: TestDevice.current))
    }.run()
    // The first step makes what stays, such as rotary tables.
    return watch.steps.enumerated().dropFirst().compactMap { step, traffic in
      traffic.bytesUp <= 3 * 12 * 8 && traffic.bytesDown <= 256 ? nil : "\(name), step \(step + 1): \(traffic)"
    }
  }
}

private final class TrafficWatch: TrainingListener {
  var steps: [PretendDevice.Traffic] = []

  func receive(_ event: TrainingEvent) {
    if case .stageStarted = event { _ = PretendDevice.traffic() }
    if case .step = event { steps.append(PretendDevice.traffic()) }
  }
}

/// A stage that looks at a gradient of its own on the processor, in every step.
private final class CopyingStage: TrainingStage {
  let stage: any TrainingStage

  init(_ stage: any TrainingStage) { self.stage = stage }

  var name: StageName { stage.name }
  var plan: StageRecipe { stage.plan }
  var parameters: [Parameter] { stage.parameters }
  var saved: [Parameter] { stage.saved }
  func begin() throws { try stage.begin() }
  func accumulate(_ batch: TrainingBatch, share: Double) throws -> StageLoss {
    let loss = try stage.accumulate(batch, share: share)
    _ = parameters.first { $0.value.count > 100 }?.value.gradient?.doubles()
    return loss
  }
  func evaluate() throws -> [Metric] { [] }
}
