import Foundation
import MohawkTensor

/// Facts about the machine, for `mohawk doctor`.
enum Machine {
  static let cores = ProcessInfo.processInfo.activeProcessorCount

  static let processor: String = cpuInfo("model name") ?? systemText("machdep.cpu.brand_string") ?? "unknown"

  /// The processor features that matter for matrix products.
  static let features: [String] = {
    let all = Set(allFeatures.split(separator: " ").map(String.init))
    let known = [
      "avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "amx_bf16", "asimd", "bf16", "sve",
    ]
    return known.filter(all.contains)
  }()

  private static var allFeatures: String {
    #if canImport(Darwin) && arch(arm64)
      "asimd"  // part of the architecture
    #elseif canImport(Darwin)
      ["machdep.cpu.features", "machdep.cpu.leaf7_features"].compactMap(systemText).joined(separator: " ").lowercased()
    #else
      cpuInfo("flags") ?? cpuInfo("Features") ?? ""
    #endif
  }

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

  /// A text that Apple's systems know by this name.
  private static func systemText(_ name: String) -> String? {
    #if canImport(Darwin)
      var size = 0
      guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 0 else { return nil }
      var bytes = [UInt8](repeating: 0, count: size)
      guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    #else
      return nil
    #endif
  }

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
