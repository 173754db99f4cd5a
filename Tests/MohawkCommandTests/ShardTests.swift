import Foundation
import MohawkFiles
import MohawkReports
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs whose moments are divided among ranks: what is saved, who continues, and what happens when a disk is full or a
/// network is gone.
@Suite(.serialized, .onTwoThreads) struct ShardTests {
  /// Bytes of the files of a checkpoint whose names begin so.
  private func sizes(_ place: Workplace, _ folder: String, _ prefix: String) -> [Int] {
    place.names(folder).filter { $0.hasPrefix(prefix) }.map {
      (try? place.bytes(folder + "/" + $0).count) ?? 0
    }
  }

  /// Arguments of runs of one stage of 24 steps.
  private func distil(_ place: Workplace, _ run: String) -> [String] {
    place.distil(run, "--stages", "3", "--set", "distillation.tokens=1536")
  }

  /// Stops a run of some ranks.
  private func stop(_ place: Workplace, _ count: Int, after steps: Int) throws {
    let ranks = try Ranks.start(count, distil(place, "run"), in: place)
    ranks[0].wait { place.stepCount("run") >= steps }
    ranks[count - 1].send(SIGINT)
    let results = try ranks.map { try $0.wait() }
    #expect(results.allSatisfy { $0.status == 130 }, "\(results.map(\.errors))")
  }

  @Test func everyRankKeepsAndSavesItsPartOfTheMomentsAndAnyNumberContinues() throws {
    let place = try Workplace()
    try stop(place, 1, after: 3)
    let first = "run/" + place.names("run").last { $0.hasPrefix("checkpoint") }!
    let all = try #require(sizes(place, first, "optimizer").first)
    try stop(place, 2, after: 10)
    let second = "run/" + place.names("run").last { $0.hasPrefix("checkpoint") }!
    let halves = sizes(place, second, "optimizer-")
    #expect(halves.count == 2 && halves.allSatisfy { Double($0) < 0.6 * Double(all) }, "\(halves) of \(all)")
    #expect(!place.names(second).contains("optimizer.safetensors"))
    try stop(place, 3, after: 18)
    let third = "run/" + place.names("run").last { $0.hasPrefix("checkpoint") }!
    let thirds = sizes(place, third, "optimizer-")
    #expect(thirds.count == 3 && thirds.allSatisfy { Double($0) < 0.45 * Double(all) }, "\(thirds) of \(all)")
    let rest = try Command.run(distil(place, "run"), in: place.folder)
    #expect(rest.status == 0 && rest.errors.contains("continuing after step"), "\(rest.errors)")
    #expect(try Command.run(distil(place, "whole"), in: place.folder).status == 0)
    let (mine, theirs) = (try RankTests().losses(place, "run"), try RankTests().losses(place, "whole"))
    #expect(mine.count == 24 * 2 && mine.count == theirs.count)
    #expect(zip(mine, theirs).allSatisfy { abs($0 - $1) < 1e-5 * max(abs($1), 1e-6) })
  }

  @Test(arguments: [0, 1]) func aRunThatLostARankContinuesWithTheNumbersOfOneThatDidNot(_ victim: Int) throws {
    let place = try Workplace()
    #expect(try Ranks.run(2, place.distil("whole"), in: place).allSatisfy { $0.status == 0 })
    let ranks = try Ranks.start(2, place.distil("run"), in: place)
    ranks[0].wait { place.stepCount("run") >= 20 }
    ranks[victim].send(SIGKILL)
    for rank in ranks { _ = try rank.wait() }
    #expect(try Ranks.run(2, place.distil("run"), in: place).allSatisfy { $0.status == 0 })
    let areSame = try place.numbers("run") == place.numbers("whole")
    #expect(areSame)
    #expect(try place.bytes("run/model/model.safetensors") == place.bytes("whole/model/model.safetensors"))
  }

  @Test func aRankThatCannotWriteStopsAllAndIsNamed() throws {
    let place = try Workplace()
    let results = try Ranks.start(2, place.distil("run"), in: place, limits: [nil, 4 * 1024]).map { try $0.wait() }
    #expect(results.allSatisfy { $0.status == 1 && $0.complaints.count == 1 }, "\(results.map(\.errors))")
    #expect(results[0].errors.contains("rank 1 of 2 has stopped"), "\(results[0].errors)")
    #expect(results[1].errors.contains("optimizer-00002-of-00002.safetensors"), "\(results[1].errors)")
    #expect(!place.names("run").contains { $0.hasPrefix("checkpoint") || $0.hasPrefix(".partial") })
    #expect(try Ranks.run(2, place.distil("run"), in: place).allSatisfy { $0.status == 0 })
    try RankTests().expectClose(place, "run")
  }

  @Test(.enabled(if: Privileges.canMount, "mounting a file system is not allowed here"))
  func aDiskThatFillsLeavesTheLastCheckpoint() throws {
    let place = try Workplace()
    #expect(try Ranks.run(2, place.distil("whole"), in: place).allSatisfy { $0.status == 0 })
    let used = place.names("whole").filter { $0.hasPrefix("checkpoint") }.map { folder in
      sizes(place, "whole/" + folder, "").reduce(0, +)
    }
    try AtomicFolder.ensure(place.path("run"))
    // Room for one checkpoint, and not for two.
    let room = used.max()! * 3 / 2 / 1024
    #expect(Privileges.run("mount", "-t", "tmpfs", "-o", "size=\(room)k", "tmpfs", place.path("run")))
    defer { _ = Privileges.run("umount", place.path("run")) }
    let results = try Ranks.run(2, place.distil("run"), in: place)
    #expect(results.allSatisfy { $0.status == 1 && $0.complaints.count == 1 }, "\(results.map(\.errors))")
    let isTold = results.contains { $0.errors.contains("No space left on device") || $0.errors.contains("full") }
    #expect(isTold, "\(results.map(\.errors))")
    #expect(place.names("run").contains { $0.hasPrefix("checkpoint") })
    #expect(Privileges.run("mount", "-o", "remount,size=64m", place.path("run")))
    #expect(try Ranks.run(2, place.distil("run"), in: place).allSatisfy { $0.status == 0 })
    let areSame = try place.numbers("run") == place.numbers("whole")
    #expect(areSame)
  }

  @Test(.enabled(if: Privileges.canMakeNetworks, "network namespaces are not allowed here"))
  func ranksWhoseNetworkIsGoneStopWithinTheTimeoutAndContinue() throws {
    let place = try Workplace()
    let network = try Privileges.Network()
    defer { network.remove() }
    let port = Ranks.freePort()
    let ranks = try (0..<2).map { rank in
      try Command(
        place.distil("run", "--rank-timeout", "8"), in: place.folder,
        environment: [
          "OMP_NUM_THREADS": "1", "RANK": "\(rank)", "WORLD_SIZE": "2", "MASTER_ADDR": "10.213.0.1",
          "MASTER_PORT": "\(port)", "GLOO_SOCKET_IFNAME": network.interface(rank),
        ], within: ["ip", "netns", "exec", network.space(rank)])
    }
    ranks[0].wait { place.stepCount("run") >= 5 }
    network.takeDown()
    let begin = ContinuousClock.now
    let results = try ranks.map { try $0.wait() }
    // The timeout, what it takes to find out who is left, and time for a busy machine.
    #expect(ContinuousClock.now - begin < .seconds(60))
    for (rank, result) in results.enumerated() {
      #expect(result.status == 1 && result.complaints.count == 1, "rank \(rank): \(result.errors)")
      #expect(result.errors.contains("rank \(1 - rank) of 2"), "rank \(rank): \(result.errors)")
    }
    let rest = try Command.run(place.distil("run"), in: place.folder)
    #expect(rest.status == 0 && rest.errors.contains("continuing after step"), "\(rest.errors)")
    try RankTests().expectClose(place, "run")
  }
}
