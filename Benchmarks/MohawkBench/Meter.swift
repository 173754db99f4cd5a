import Foundation
import MohawkTensor

/// What one piece of work cost, as a line of JSON between processes.
struct Sample: Codable {
  var seconds: Double
  /// Of all threads of the process, in user code and in the kernel.
  var cpuSeconds: Double
  /// Pages that the kernel had to give the process anew.
  var pageFaults: Int
  /// The most memory that the process ever held.
  var peakMiB: Double
  /// Of a training step.
  var loss: Double?
}

/// Measures from its making on.
struct Meter {
  private let start = ContinuousClock.now
  private let usage = Meter.usage()

  func read() -> Sample {
    let now = Self.usage()
    let elapsed = (ContinuousClock.now - start).components
    return Sample(
      seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18,
      cpuSeconds: Self.cpu(now) - Self.cpu(usage), pageFaults: now.ru_minflt - usage.ru_minflt,
      peakMiB: Double(now.ru_maxrss) / Self.maxrssPerMiB)
  }

  static func measure(_ work: () throws -> Void) rethrows -> Sample {
    let meter = Meter()
    try work()
    return meter.read()
  }

  /// Gives back what only the drawing of weights needed, and starts the peak of memory anew.
  static func forgetPeak() {
    Runtime.releaseFreedMemory()
    #if canImport(Glibc)
      guard let file = fopen("/proc/self/clear_refs", "w") else { return }
      fputs("5", file)
      fclose(file)
    #endif
  }

  private static func usage() -> rusage {
    var usage = rusage()
    getrusage(0, &usage)  // RUSAGE_SELF, whose imported type differs between systems
    return usage
  }

  private static func cpu(_ usage: rusage) -> Double {
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  #if os(Linux)
    private static let maxrssPerMiB = 1024.0
  #else
    private static let maxrssPerMiB = 1_048_576.0
  #endif
}

/// Samples of one kind of work.
struct Samples {
  private(set) var all: [Sample] = []

  mutating func append(_ sample: Sample) { all.append(sample) }

  func median(_ value: KeyPath<Sample, Double>) -> Double { Self.median(all.map { $0[keyPath: value] }) }
  var pageFaults: Int { Int(Self.median(all.map { Double($0.pageFaults) })) }
  var peakMiB: Double { all.map(\.peakMiB).max() ?? .nan }

  /// The median over turns of how much longer `other` took than this in the same turn.
  func ratio(of other: Samples, _ value: KeyPath<Sample, Double>) -> Double {
    Self.median(zip(all, other.all).map { $1[keyPath: value] / $0[keyPath: value] })
  }

  static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let half = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[half - 1] + sorted[half]) / 2 : sorted[half]
  }
}
