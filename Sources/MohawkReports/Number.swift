import Foundation

/// How numbers read in progress lines, tables and plots: few digits, the same everywhere.
public enum Number {
  /// Three to four significant digits; very large and small ones with an exponent.
  public static func short(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "−∞" : "∞" }
    let size = abs(value)
    if size == 0 { return "0" }
    if size < 1e-3 || size >= 1e7 { return exponent(value) }
    let digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4
    return grouped(String(format: "%.\(digits)f", value))
  }

  /// A difference: `+0.0123`, `−0.0123`.
  static func signed(_ value: Double) -> String {
    value.isFinite && value != 0 ? (value < 0 ? "−" : "+") + short(abs(value)) : short(value)
  }

  /// A mean and its deviation in the same digits: `0.3108 ± 0.0021`.
  static func spread(_ mean: Double, _ deviation: Double) -> String {
    let shown = short(mean)
    guard mean.isFinite, deviation.isFinite, !shown.contains("e") else { return "\(shown) ± \(short(deviation))" }
    let digits = shown.split(separator: ".").dropFirst().first?.count ?? 0
    return "\(shown) ± \(grouped(String(format: "%.\(digits)f", deviation)))"
  }

  /// One digit behind the point and an exponent: `5.0e-4`.
  static func exponent(_ value: Double) -> String {
    guard value.isFinite else { return short(value) }
    let parts = String(format: "%.1e", value).split(separator: "e")
    return "\(parts[0])e\(Int(parts[1])!)"
  }

  /// A whole number with thousands apart.
  public static func whole(_ value: Int) -> String { grouped(String(value)) }

  /// Counts in words: 950, 12.3k, 4.56M, 2.76B.
  static func count(_ value: Int) -> String {
    for (unit, scale) in [("B", 1e9), ("M", 1e6), ("k", 1e3)] where abs(Double(value)) >= scale {
      let scaled = Double(value) / scale
      return String(format: scaled >= 100 ? "%.0f" : scaled >= 10 ? "%.1f" : "%.2f", scaled) + unit
    }
    return String(value)
  }

  /// Sizes of files: `950 bytes`, `12.3 MB`, in units of 1000.
  public static func bytes(_ count: Int) -> String {
    for (unit, size) in [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where Double(count) >= size {
      return String(format: "%.1f \(unit)", Double(count) / size)
    }
    return "\(count) bytes"
  }

  /// `0:42`, `3:07:05`, `2d 04:10`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
    let total = Int(seconds.rounded())
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    if hours >= 24 { return String(format: "%dd %02d:%02d", hours / 24, hours % 24, minutes) }
    if hours > 0 { return String(format: "%d:%02d:%02d", hours, minutes, rest) }
    return String(format: "%d:%02d", minutes, rest)
  }

  /// Memory: `512 MiB`, `12.3 GiB`.
  static func memory(_ mebibytes: Double) -> String {
    guard mebibytes.isFinite else { return "–" }
    return mebibytes < 1024 ? String(format: "%.0f MiB", mebibytes) : String(format: "%.1f GiB", mebibytes / 1024)
  }

  /// Tick labels: no digits that carry nothing.
  static func tick(_ value: Double) -> String {
    guard value.isFinite else { return short(value) }
    let size = abs(value)
    if size == 0 { return "0" }
    if size >= 1e4 { return value.rounded() == value && size < 1e15 ? trimmedCount(Int(value)) : exponent(value) }
    if size < 1e-3 { return String(format: "%.3g", value).replacingOccurrences(of: "e-0", with: "e-") }
    return String(format: "%.4g", value)
  }

  private static func trimmedCount(_ value: Int) -> String {
    for (unit, scale) in [("B", 1_000_000_000), ("M", 1_000_000), ("k", 1000)] where abs(value) >= scale {
      return String(format: "%.4g", Double(value) / Double(scale)) + unit
    }
    return String(value)
  }

  private static func grouped(_ text: String) -> String {
    let sign = text.hasPrefix("-") ? "-" : ""
    let digits = text.dropFirst(sign.count)
    let whole = digits.prefix { $0 != "." }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0 && (whole.count - index) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return sign + result + digits.dropFirst(whole.count)
  }
}
