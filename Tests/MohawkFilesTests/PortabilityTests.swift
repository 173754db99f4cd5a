import Foundation
import Testing

/// What only some systems have stands in branches, so that other systems can compile the package.
@Suite struct PortabilityTests {
  private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func files(_ endings: String...) throws -> [(path: String, lines: [Substring])] {
    try ["Sources", "Tests", "Benchmarks", "Parity", "Snippets"].flatMap { folder in
      let names = FileManager.default.enumerator(atPath: package.appendingPathComponent(folder).path)!
      return try names.compactMap { $0 as? String }.filter { name in endings.contains { name.hasSuffix($0) } }.map {
        let path = "\(folder)/\($0)"
        let text = try String(contentsOf: package.appendingPathComponent(path), encoding: .utf8)
        return (path, text.split(separator: "\n", omittingEmptySubsequences: false))
      }
    }
  }

  /// The conditions around each line.
  private static func branches(_ lines: [Substring]) -> [[String]] {
    var open: [String] = []
    return lines.map { line in
      let text = line.trimmingCharacters(in: .whitespaces)
      if text.hasPrefix("#if") { open.append(text) }
      if text.hasPrefix("#elseif") || text.hasPrefix("#elif") || text.hasPrefix("#else") { open[open.count - 1] = text }
      if text.hasPrefix("#endif") { open.removeLast() }
      return open
    }
  }

  @Test func everyImportOfACLibraryHasBranchesForTheOthers() throws {
    var count = 0
    for (path, lines) in try Self.files(".swift") {
      for (line, open) in zip(lines, Self.branches(lines)) {
        for library in ["Glibc", "Musl"] where line.trimmingCharacters(in: .whitespaces) == "import \(library)" {
          count += 1
          #expect(open.last?.contains("canImport(\(library))") == true, "\(path)")
        }
        if line.contains("Glibc."), !line.contains("canImport"), !line.contains("\"") {
          Issue.record("\(path): \(line)")
        }
      }
    }
    #expect(count > 20)
  }

  @Test func callsOfOneSystemStandInItsBranch() throws {
    let special = [
      "MSG_NOSIGNAL", "MADV_HUGEPAGE", "sched_getaffinity", "mallopt(", "malloc_trim(", "_NSGetExecutablePath",
      "sysctlbyname(", "st_mtim\u{20}", "st_mtimespec", "TCP_KEEPIDLE", "epoll_", "memfd_create", "eventfd(",
      "__builtin_cpu_supports", "_mm_pause",
    ]
    var found: Set<String> = []
    for (path, lines) in try Self.files(".swift", ".c", ".cpp", ".h") where !path.hasSuffix("PortabilityTests.swift") {
      for (line, open) in zip(lines, Self.branches(lines)) {
        let code = line.prefix { $0 != "/" } + " "
        for name in special where code.contains(name) && !line.trimmingCharacters(in: .whitespaces).hasPrefix("#") {
          found.insert(name)
          #expect(!open.isEmpty, "\(path): \(line)")
        }
      }
    }
    #expect(found.count > 8)
  }
}
