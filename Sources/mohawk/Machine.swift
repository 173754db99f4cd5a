import Foundation
import MohawkTensor

/// Facts about the machine, for `mohawk doctor`.
enum Machine {
  static let cores = ProcessInfo.processInfo.activeProcessorCount

  static let processor: String = cpuInfo("model name") ?? "unknown"

  /// The processor features that matter for matrix products.
  static let features: [String] = {
    let all = Set((cpuInfo("flags") ?? cpuInfo("Features") ?? "").split(separator: " ").map(String.init))
    let known = [
      "avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "amx_bf16", "asimd", "bf16", "sve",
    ]
    return known.filter(all.contains)
  }()

  static var memoryMiB: Int { Int(ProcessInfo.processInfo.physicalMemory >> 20) }
  static var freeMemoryMiB: Int {
    (memoryInfo("MemAvailable") ?? Int(ProcessInfo.processInfo.physicalMemory >> 10)) >> 10
  }

  /// What would make this machine better for the work.
  static var advice: [String] {
    var result: [String] = []
    if !features.contains("avx2") && !features.contains("asimd") {
      result.append("This processor has no wide vector instructions: training will be slow.")
    }
    if freeMemoryMiB < 2048 { result.append("Less than 2 GiB of memory are free: keep batches small.") }
    return result
  }

  private static func cpuInfo(_ key: String) -> String? { line(of: key, in: "/proc/cpuinfo") }

  private static func memoryInfo(_ key: String) -> Int? {
    line(of: key, in: "/proc/meminfo").flatMap { Int($0.split(separator: " ").first ?? "") }
  }

  private static func line(of key: String, in path: String) -> String? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    return text.split(separator: "\n").first { $0.hasPrefix(key) }.flatMap {
      $0.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }
}
