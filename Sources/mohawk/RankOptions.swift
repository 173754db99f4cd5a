import ArgumentParser
import Foundation
import MohawkFiles
import MohawkRuns
import MohawkTraining

/// How a command that trains works together with others that a launcher has started beside it.
struct RankOptions: ParsableArguments {
  @Option(help: "Seconds that processes started by torchrun or the like wait for each other before they give up.")
  var rankTimeout = 600.0

  /// Meets the other processes that the environment tells of, runs `body`, and lets them know how it ended.
  /// - Parameter body: nil stands for a process that is alone.
  func together(_ body: (Ranks?) throws -> Void) throws {
    guard rankTimeout > 0, rankTimeout < 1e6 else {
      throw MohawkError(.invalidValue, "--rank-timeout is \(rankTimeout)", remedy: "give seconds, above 0")
    }
    guard let place = try Ranks.Place(environment: ProcessInfo.processInfo.environment) else { return try body(nil) }
    let ranks = try Ranks(place, timeout: rankTimeout)
    do {
      try body(ranks)
      if ranks.isFirst { try ranks.announce(RankEvent.ended) }
      ranks.leave()
    } catch let error as MohawkError {
      if ranks.isFirst || error.code != .interrupted { ranks.fail(error.message) } else { ranks.leave() }
      if ranks.isFirst { throw error }
      // Rank 0 says that all were stopped.
      if error.code == .interrupted { throw ExitCode(130) }
      let name = "rank \(place.rank)"
      let location = error.location.map { $0 == name ? name : "\(name): \($0)" } ?? name
      throw MohawkError(error.code, error.message, at: location, remedy: error.remedy)
    }
  }
}

extension Ranks.Place {
  /// What torchrun, and launchers that do as it does, tell in `RANK`, `WORLD_SIZE`, `MASTER_ADDR` and `MASTER_PORT`.
  /// - Returns: nil where the process is alone.
  /// - Throws: `MohawkError` when something is missing or is no number.
  init?(environment: [String: String]) throws {
    let names = ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"]
    guard let size = environment["WORLD_SIZE"], size != "1" else { return nil }
    func refuse(_ what: String) -> MohawkError {
      MohawkError(
        .invalidValue, what, at: "environment",
        remedy: "start all processes by torchrun, or set \(names.joined(separator: ", ")) for each")
    }
    for name in names where (environment[name] ?? "").isEmpty {
      throw refuse("WORLD_SIZE is \(size), but \(name) is not set")
    }
    func number(_ name: String, _ range: Range<Int>) throws -> Int {
      guard let value = Int(environment[name]!), range.contains(value) else {
        throw refuse(
          "\(name) is '\(environment[name]!)', not a number from \(range.lowerBound) to \(range.upperBound - 1)")
      }
      return value
    }
    let count = try number("WORLD_SIZE", 1..<100_000)
    self.init(
      rank: try number("RANK", 0..<count), size: count, address: environment["MASTER_ADDR"]!,
      port: try number("MASTER_PORT", 1..<65_536), hosts: environment["TORCHELASTIC_USE_AGENT_STORE"] != "True",
      start: environment["TORCHELASTIC_RESTART_COUNT"] ?? "0")
  }
}
