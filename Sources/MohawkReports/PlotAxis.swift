import Foundation

/// One axis of a plot: its range, rounded outwards to ticks, and where values lie on it.
struct PlotAxis: Equatable {
  enum Scale: Sendable, Equatable { case linear, logarithmic }

  let scale: Scale
  let lower: Double
  let upper: Double
  let ticks: [Double]

  /// An axis over the finite values of `values` (positive ones on a logarithmic axis).
  init(_ values: [Double], scale: Scale, count: Int = 5, fromZero: Bool = false, exactUpper: Bool = false) {
    // Beyond these bounds differences and ratios overflow.
    let usable = values.filter { abs($0) < 1e100 && (scale == .linear || $0 > 1e-100) }
    var low = usable.min() ?? (scale == .linear ? 0 : 1)
    var high = usable.max() ?? (scale == .linear ? 1 : 10)
    if fromZero { low = min(0, low) }
    self.scale = scale
    switch scale {
    case .linear:
      if high - low <= abs(high) * 1e-9 {
        let margin = high == 0 ? 1 : abs(high) * 0.1
        (low, high) = (low == 0 ? 0 : low - margin, high + margin)
      }
      let step = Self.niceStep((high - low) / Double(max(1, count - 1)))
      let first = (low / step + 1e-9).rounded(.down)
      let last = exactUpper ? (high / step + 1e-9).rounded(.down) : (high / step - 1e-9).rounded(.up)
      ticks = (0...Int(max(0, last - first))).map { (first + Double($0)) * step }
      lower = first * step
      upper = exactUpper ? high : last * step
    case .logarithmic:
      (lower, upper, ticks) = Self.logarithmic(low, high, count)
    }
  }

  /// The share of the axis below `value`, from 0 to 1 inside the range.
  func position(_ value: Double) -> Double {
    switch scale {
    case .linear: (value - lower) / (upper - lower)
    case .logarithmic: log(value / lower) / log(upper / lower)
    }
  }

  private static func logarithmic(_ low: Double, _ high: Double, _ count: Int) -> (Double, Double, [Double]) {
    let margin = high / low < 1.05 ? 1.05 : pow(high / low, 0.03)
    let (lower, upper) = (low / margin, high * margin)
    let decades = (Int(log10(lower).rounded(.down))...Int(log10(upper).rounded(.up)))
    // Few decades have ticks within them; many decades have only every second or third power.
    for mantissas in [[1.0, 2, 3, 4, 5, 6, 7, 8, 9], [1.0, 1.5, 2, 3, 5, 7], [1.0, 2, 5], [1.0, 3], [1.0]] {
      let ticks = decades.flatMap { decade in mantissas.map { $0 * pow(10, Double(decade)) } }
        .filter { $0 >= lower && $0 <= upper }
      if (3...count + 1).contains(ticks.count) { return (lower, upper, ticks) }
    }
    let powers = decades.map { pow(10, Double($0)) }.filter { $0 >= lower && $0 <= upper }
    if powers.count > count + 1 {
      let stride = (powers.count + count - 1) / count
      return (lower, upper, powers.enumerated().filter { $0.offset % stride == 0 }.map(\.element))
    }
    // Less than the mantissas tell apart: even ticks, as on a linear axis.
    let step = niceStep((upper - lower) / Double(count))
    let first = (lower / step).rounded(.up)
    let last = (upper / step).rounded(.down)
    guard last >= first, last - first < 100 else { return (lower, upper, [low]) }
    return (lower, upper, (0...Int(last - first)).map { (first + Double($0)) * step })
  }

  /// 1, 2 or 5 times a power of ten, at least `step`.
  static func niceStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    for factor in [1.0, 2, 5] where factor * power >= step * (1 - 1e-9) { return factor * power }
    return 10 * power
  }
}
