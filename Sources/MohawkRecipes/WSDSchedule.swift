/// Warm-up, stable, decay: learning rate as a pure function of the step.
///
/// Linear from `peak / warmupSteps` to `peak`, flat, then linear down to `floor`, which the last step has.
public struct WSDSchedule: Sendable, Equatable {
  /// Steps in all.
  public let steps: Int
  /// The learning rate of the stable part.
  public let peak: Double
  /// The learning rate of the last step.
  public let floor: Double
  /// Steps that rise.
  public let warmupSteps: Int
  /// Steps that fall.
  public let decaySteps: Int

  /// - Parameters:
  ///   - steps: steps in all.
  ///   - peak: the learning rate of the stable part.
  ///   - floor: the learning rate of the last step.
  ///   - warmup: share of the steps that warm up, 0 to 1.
  ///   - decay: share of the steps that decay, 0 to 1; the sum of both is at most 1.
  public init(steps: Int, peak: Double, floor: Double = 1e-8, warmup: Double = 0.1, decay: Double = 0.1) {
    precondition(steps >= 0 && warmup >= 0 && decay >= 0 && warmup + decay <= 1 + 1e-9, "impossible schedule")
    self.steps = steps
    self.peak = peak
    self.floor = floor
    warmupSteps = Int((warmup * Double(steps)).rounded())
    decaySteps = min(Int((decay * Double(steps)).rounded()), steps - warmupSteps)
  }

  /// The learning rate of `step`, counted from 0. Steps past the end have `floor`.
  public func learningRate(at step: Int) -> Double {
    if step < warmupSteps { return peak * Double(max(step, 0) + 1) / Double(warmupSteps) }
    let decayStart = steps - decaySteps
    if step < min(decayStart, steps) { return peak }
    guard step < steps - 1 else { return decaySteps == 0 && step < steps ? peak : floor }
    return peak + (floor - peak) * (Double(step - decayStart + 1) / Double(decaySteps))
  }
}
