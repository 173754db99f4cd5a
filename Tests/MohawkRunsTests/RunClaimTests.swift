import Foundation
import Synchronization
import Testing

@testable import MohawkRuns

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Claims of runs, among processes and machines.
@Suite struct RunClaimTests {
  private let place: TemporaryFolder
  private var folder: String { place.path + "/claims" }
  private let elsewhere = RunClaim.Holder(host: "other", boot: "another machine", process: 7)

  init() throws { place = try TemporaryFolder() }

  private func take(as holder: RunClaim.Holder = .current) throws -> RunClaim? {
    if case .taken(let claim) = try RunClaim.take("run", in: folder, as: holder) { claim } else { nil }
  }

  private var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? [] }

  /// What a process leaves behind: a claim that nobody has locked.
  private func leave(_ holder: RunClaim.Holder, number: Int = 1, age: Double = 0) throws {
    try place.write("claims/run.\(number)", Array(JSONEncoder().encode(holder)))
    let moment = Date(timeIntervalSinceNow: -age)
    try FileManager.default.setAttributes([.modificationDate: moment], ofItemAtPath: folder + "/run.\(number)")
  }

  @Test func aClaimHasOneHolder() throws {
    let claim = try #require(try take())
    #expect(names == ["run.1"])
    guard case .held(let holder) = try RunClaim.take("run", in: folder) else {
      Issue.record("taken twice")
      return
    }
    #expect(holder == .current && holder.text.hasPrefix("process \(getpid()) on "))
    guard case .taken(let other) = try RunClaim.take("run2", in: folder) else {
      Issue.record("another run is free")
      return
    }
    #expect(claim.touch() && !claim.isLost && names == ["run.1", "run2.1"])
    claim.release()
    claim.release()
    #expect(names == ["run2.1"] && !claim.touch())
    other.release()
    #expect(try take() != nil)
  }

  @Test func whatAnEndedProcessLeavesBehindIsTakenOver() throws {
    try leave(RunClaim.Holder(host: "here", boot: RunClaim.Holder.current.boot, process: 999_999), number: 3)
    let claim = try #require(try take())
    #expect(names == ["run.4"])
    claim.release()
    // As a killed writer would leave it on a file system that orders nothing.
    try place.write("claims/run.1", [])
    #expect(try take() != nil)
  }

  @Test func aClaimOfAnotherMachineIsStaleOnceNobodyTouchesIt() throws {
    try leave(elsewhere, age: RunClaim.patience - 60)
    #expect(try take() == nil && names == ["run.1"])
    try leave(elsewhere, age: RunClaim.patience + 60)
    let claim = try #require(try take())
    #expect(names == ["run.2"] && claim.touch())
  }

  @Test func whoeverIsTakenOverFindsOut() throws {
    let claim = try #require(try take(as: elsewhere))
    let moment = Date(timeIntervalSinceNow: -RunClaim.patience - 60)
    try FileManager.default.setAttributes([.modificationDate: moment], ofItemAtPath: folder + "/run.1")
    let other = try #require(try take())
    #expect(!claim.touch() && claim.isLost && other.touch() && !other.isLost)
    claim.release()
    #expect(names == ["run.2"] && other.touch())
  }

  @Test func ofManyThatReachForAStaleClaimOneGetsIt() throws {
    for _ in 0..<20 {
      try leave(elsewhere, age: RunClaim.patience + 60)
      let taken = Mutex<[RunClaim]>([])
      DispatchQueue.concurrentPerform(iterations: 8) { _ in
        if case .taken(let claim)? = try? RunClaim.take("run", in: folder) { taken.withLock { $0.append(claim) } }
      }
      let claims = taken.withLock { $0 }
      #expect(claims.count == 1 && names == ["run.2"])
      claims.forEach { $0.release() }
    }
  }
}
