import MohawkTensor

/// Turns the windows of a model off: its mixers share one switch, and where it is off the recurrent part mixes alone.
///
/// A model and its switch belong to one thread at a time.
public final class WindowSwitch {
  /// Which sequences of a batch have no window.
  public enum Setting: Sendable, Equatable {
    /// None: all windows are on.
    case on
    /// All of any batch.
    case off
    /// Those with `true`; there must be one entry for each sequence of the batch. A window that is off by this setting
    /// is computed still, and multiplied by 0, so that its parameters have gradients whatever the entries are.
    case offFor([Bool])
  }

  /// What holds now; at first everything is on.
  public var setting = Setting.on

  /// A switch that is on.
  public init() {}

  /// Runs `body` with another setting, and sets back what was before.
  public func with<Result>(_ setting: Setting, _ body: () throws -> Result) rethrows -> Result {
    let before = self.setting
    self.setting = setting
    defer { self.setting = before }
    return try body()
  }

  /// 1 or 0 for each sequence of a batch, [batch, 1]; nil when all are on.
  func open(batch: Int, _ dtype: DType, on device: Device) -> Tensor? {
    switch setting {
    case .on: return nil
    case .off: return .zeros([batch, 1], dtype, on: device)
    case .offFor(let rows):
      precondition(rows.count == batch, "a switch for \(rows.count) sequences in a batch of \(batch)")
      return Tensor(rows.map { $0 ? 0.0 : 1.0 }, shape: [batch, 1]).to(dtype, on: device)
    }
  }
}
