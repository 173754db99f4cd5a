import Foundation

/// Text in the format that Prometheus reads.
struct MetricsPage {
  private(set) var text = ""
  private var name = ""

  /// Begins a metric; what is added belongs to it.
  mutating func begin(_ name: String, _ type: String, _ help: String) {
    self.name = name
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  mutating func add(_ labels: [(String, String)], _ value: Int) { text += "\(name)\(Self.labels(labels)) \(value)\n" }

  mutating func add(_ labels: [(String, String)], _ histogram: Histogram) {
    var total = 0
    for (bound, count) in zip(histogram.bounds.map { "\($0)" } + ["+Inf"], histogram.counts) {
      total += count
      text += "\(name)_bucket\(Self.labels(labels + [("le", bound)])) \(total)\n"
    }
    text += "\(name)_sum\(Self.labels(labels)) \(histogram.sum)\n"
    text += "\(name)_count\(Self.labels(labels)) \(total)\n"
  }

  private static func labels(_ labels: [(String, String)]) -> String {
    if labels.isEmpty { return "" }
    return "{" + labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",") + "}"
  }

  private static func escaped(_ label: String) -> String {
    label.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
      .replacingOccurrences(of: "\n", with: "\\n")
  }
}
