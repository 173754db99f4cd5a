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

/// Several processes that train one student, as a launcher starts them.
@Suite(.serialized, .onTwoThreads) struct RankTests {
  /// A place with runs of one process.
  static let alone: Workplace = {
    let place = try! Workplace()
    _ = try! Command.run(place.distil("one"), in: place.folder)
    return place
  }()

  /// Losses of all steps in their order, whole and by layer.
  func losses(_ place: Workplace, _ run: String) throws -> [Double] {
    try MetricsLog.read(place.path(run) + "/metrics.jsonl").flatMap { event -> [Double] in
      if case .step(let record) = event { [record.loss, record.gradientNorm] + (record.perLayer ?? []) } else { [] }
    }
  }

  /// Sums in another order differ by some fp32 roundings, which training carries along.
  func expectClose(_ place: Workplace, _ run: String) throws {
    let (mine, theirs) = (try losses(place, run), try losses(Self.alone, "one"))
    #expect(mine.count == theirs.count && mine.count == 24 * 2 + 16 * 2)
    let worst = zip(mine, theirs).map { abs($0 - $1) / max(abs($1), 1e-6) }.max() ?? 1
    #expect(worst < 1e-5)
  }

  @Test func ranksLearnWhatOneProcessLearnsAndTheSameTwice() throws {
    let place = try Workplace()
    let results = try Ranks.run(2, place.distil("two"), in: place)
    #expect(results.allSatisfy { $0.status == 0 }, "\(results.map(\.errors))")
    #expect(results[1].output.isEmpty && results[1].errors.isEmpty, "\(results[1].output) \(results[1].errors)")
    #expect(results[0].output.contains("The student is in"))
    try expectClose(place, "two")
    #expect(try Ranks.run(2, place.distil("again"), in: place).allSatisfy { $0.status == 0 })
    let areSame = try place.numbers("two") == place.numbers("again")
    #expect(areSame)
    let models = try ["two", "again"].map { try place.bytes($0 + "/model/model.safetensors") }
    #expect(models[0] == models[1])
  }

  @Test(arguments: [0, 1, 2]) func aKilledRankIsNamedAndOtherNumbersOfRanksContinue(_ victim: Int) throws {
    let place = try Workplace()
    let ranks = try Ranks.start(3, place.distil("run"), in: place)
    ranks[0].wait { place.stepCount("run") >= 5 }
    ranks[victim].send(SIGKILL)
    let begin = ContinuousClock.now
    let results = try ranks.map { try $0.wait() }
    #expect(ContinuousClock.now - begin < .seconds(60))
    for (rank, result) in results.enumerated() where rank != victim {
      #expect(result.status == 1 && result.complaints.count == 1, "rank \(rank): \(result.errors)")
      #expect(result.errors.contains("rank \(victim) of 3 does not answer any more"), "\(result.errors)")
    }
    #expect(!place.names("run").contains { $0.hasPrefix(".partial") })
    let rest = try Ranks.run(2, place.distil("run"), in: place)
    #expect(rest.allSatisfy { $0.status == 0 }, "\(rest.map(\.errors))")
    #expect(rest[0].errors.contains("continuing after step"))
    try expectClose(place, "run")
  }

  @Test(arguments: [0, 1]) func aRankThatHangsIsNamedWithinTheTimeout(_ victim: Int) throws {
    let place = try Workplace()
    let ranks = try Ranks.start(2, place.distil("run", "--rank-timeout", "6"), in: place)
    ranks[0].wait { place.stepCount("run") >= 5 }
    ranks[victim].send(SIGSTOP)
    let begin = ContinuousClock.now
    let result = try ranks[1 - victim].wait()
    // The timeout, and ten seconds to find out who is left; the rest is for a busy machine.
    #expect(ContinuousClock.now - begin < .seconds(40))
    ranks[victim].send(SIGKILL)
    _ = try ranks[victim].wait()
    #expect(result.status == 1 && result.errors.contains("rank \(victim) of 2 does not answer any more"))
    #expect(result.complaints.count == 1, "\(result.errors)")
    let rest = try Command.run(place.distil("run"), in: place.folder)
    #expect(rest.status == 0 && rest.errors.contains("continuing after step"), "\(rest.errors)")
    try expectClose(place, "run")
  }

  @Test func aSignalToOneRankStopsAllAfterTheSameStep() throws {
    let place = try Workplace()
    let ranks = try Ranks.start(2, place.distil("run"), in: place)
    ranks[0].wait { place.stepCount("run") >= 4 }
    ranks[1].send(SIGINT)
    let results = try ranks.map { try $0.wait() }
    #expect(results.allSatisfy { $0.status == 130 }, "\(results)")
    #expect(results[0].complaints.count == 1 && results[1].errors.isEmpty, "\(results)")
    #expect(try Command.run(place.distil("run"), in: place.folder).status == 0)
    try expectClose(place, "run")
  }

  @Test func aFinishedRunEndsOnAllRanks() throws {
    let place = try Workplace()
    #expect(try Command.run(place.distil("run"), in: place.folder).status == 0)
    let results = try Ranks.run(2, place.distil("run"), in: place)
    #expect(results.allSatisfy { $0.status == 0 } && results[0].errors.contains("finished already"), "\(results)")
  }

  @Test func whatRanksCannotDoIsRefusedByAll() throws {
    let place = try Workplace()
    for (more, reason) in [
      (["--set", "alignment.batchTokens=16"], "a batch of 1 sequences is not enough for 2 ranks"),
      (["--frames", "window"], "frames are trained by one process"), (["--teacher", "nobody"], "nobody"),
    ] {
      let results = try Ranks.run(2, place.distil("run") + more, in: place)
      #expect(results.allSatisfy { $0.status == 1 }, "\(results)")
      #expect(results[0].complaints.count == 1 && results[0].errors.contains(reason), "\(results[0].errors)")
    }
    #expect(place.stepCount("run") == 0)
  }

  @Test func anEnvironmentThatIsNotWholeIsRefused() throws {
    let place = try Workplace()
    let whole = ["RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"]
    for (name, value) in [
      ("RANK", ""), ("MASTER_PORT", ""), ("RANK", "2"), ("RANK", "-1"), ("RANK", "a"), ("WORLD_SIZE", "two"),
      ("MASTER_PORT", "99999"),
    ] {
      let result = try Command(
        place.distil("run"), in: place.folder, environment: whole.merging([name: value]) { $1 }
      ).wait()
      #expect(result.status == 1 && result.complaints.count == 1, "\(name)=\(value): \(result.errors)")
      #expect(result.errors.contains(name), "\(name)=\(value): \(result.errors)")
    }
  }

  @Test func aRankThatDoesNotComeIsNamed() throws {
    let place = try Workplace()
    let environment = [
      "RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(Ranks.freePort())",
    ]
    let result = try Command(
      place.distil("run", "--rank-timeout", "2"), in: place.folder, environment: environment
    ).wait()
    #expect(result.status == 1 && result.errors.contains("rank 1 of 2 has not come"), "\(result.errors)")
  }
}
