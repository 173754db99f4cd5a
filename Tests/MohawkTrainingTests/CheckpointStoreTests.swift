import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkTensor
import Testing

@testable import MohawkTraining

@Suite struct CheckpointStoreTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func save(_ steps: Int..., to store: CheckpointStore) throws {
    for step in steps {
      let state = CheckpointState(
        step: step, stageIndex: 0, stage: .alignment, stageStep: step, stageTokens: 10 * step, stageSeconds: 0.1,
        fingerprint: "f")
      try store.save(
        state, recipe: "name: x\n", model: [("w", .full([1000], Double(step)))], optimizer: [("w.first", .ones([2]))],
        generators: [])
    }
  }

  @Test func aCheckpointHoldsWhatItSays() throws {
    let store = CheckpointStore(folder: folder / "run")
    try save(7, to: store)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder / "run/checkpoint-000007").sorted()
    #expect(
      files == ["generators.safetensors", "model.safetensors", "optimizer.safetensors", "recipe.yaml", "state.json"])
    let checkpoint = try #require(try store.newest().checkpoint)
    #expect(checkpoint.path == folder / "run/checkpoint-000007")
    #expect(checkpoint.state.step == 7 && checkpoint.state.stage == .alignment)
    #expect(try checkpoint.model().tensor("w").mean().item() == 7)
    #expect(try checkpoint.moments().names == ["w.first"])
    #expect(try checkpoint.recipe() == "name: x\n")
  }

  @Test func onlyTheNewestStay() throws {
    let store = CheckpointStore(folder: folder.path, keep: 3)
    try save(1, 2, 3, 4, 20, to: store)
    #expect(folder.contents == ["checkpoint-000003", "checkpoint-000004", "checkpoint-000020"])
    try save(20, to: store)
    #expect(folder.contents.count == 3, "the same step again replaces itself")
    try save(1_234_567, to: store)
    #expect(folder.contents == ["checkpoint-000004", "checkpoint-000020", "checkpoint-1234567"])
    #expect(try store.newest().checkpoint?.state.step == 1_234_567)
  }

  @Test func theEndOfTheStageBeforeStays() throws {
    let store = CheckpointStore(folder: folder.path, keep: 2)
    func save(_ step: Int, stage: Int, ends: Bool) throws {
      var state = CheckpointState(
        step: step, stageIndex: stage, stage: .alignment, stageStep: step, stageTokens: 0, stageSeconds: 0,
        fingerprint: "f")
      state.stageEnded = ends
      try store.save(state, recipe: "name: x\n", model: [("w", .ones([2]))], optimizer: [], generators: [])
    }
    for (step, stage, ends) in [(2, 0, false), (4, 0, true), (6, 1, false), (8, 1, false), (9, 1, false)] {
      try save(step, stage: stage, ends: ends)
    }
    #expect(folder.contents == ["checkpoint-000004", "checkpoint-000008", "checkpoint-000009"])
    #expect(try store.end(ofStage: 0)?.state.step == 4)
    #expect(try store.end(ofStage: 1) == nil)
    #expect(try store.newestState()?.step == 9)
    try store.removeAll(after: 4)
    #expect(folder.contents == ["checkpoint-000004"])
    for (step, ends) in [(10, false), (12, true)] { try save(step, stage: 1, ends: ends) }
    #expect(folder.contents == ["checkpoint-000010", "checkpoint-000012"])
    try store.removeAll(after: -1)
    #expect(folder.contents.isEmpty)
  }

  @Test func anEmptyOrMissingFolderHasNone() throws {
    #expect(try CheckpointStore(folder: folder.path).newest().checkpoint == nil)
    #expect(try CheckpointStore(folder: folder / "none").newest().checkpoint == nil)
  }

  enum Damage: CaseIterable {
    case truncatedModel, flippedByte, missingOptimizer, emptyState, otherState, newerVersion, missingState, zeroedTail
    case unhashedFile

    func apply(to checkpoint: String) throws {
      let model = checkpoint + "/model.safetensors"
      let state = checkpoint + "/state.json"
      switch self {
      case .truncatedModel:
        try change(model) { $0.removeLast(100) }
      case .flippedByte:
        // The lowest bit of one weight: still a good number, and not the one that was trained.
        try change(model) { $0[$0.count - 2000] ^= 1 }
      case .missingOptimizer: try FileManager.default.removeItem(atPath: checkpoint + "/optimizer.safetensors")
      case .emptyState: try change(state) { $0 = Data() }
      case .otherState: try change(state) { $0 = Data("[1, 2".utf8) }
      case .newerVersion:
        try change(state) {
          $0 = Data(String(decoding: $0, as: UTF8.self).replacing("\"version\" : 1", with: "\"version\" : 99").utf8)
        }
      case .missingState: try FileManager.default.removeItem(atPath: state)
      case .zeroedTail:
        try change(model) { $0.replaceSubrange(($0.count - 512)..., with: Data(count: 512)) }
      case .unhashedFile:
        try change(state) {
          $0 = Data(String(decoding: $0, as: UTF8.self).replacing("\"recipe.yaml\"", with: "\"x\"").utf8)
        }
      }
    }

    func change(_ path: String, _ body: (inout Data) -> Void) throws {
      var data = try Data(contentsOf: URL(fileURLWithPath: path))
      let before = data
      body(&data)
      #expect(data != before)
      try data.write(to: URL(fileURLWithPath: path))
    }
  }

  @Test(arguments: Damage.allCases) func aDamagedNewestIsPassedOverWithANotice(_ damage: Damage) throws {
    let store = CheckpointStore(folder: folder.path)
    try save(1, 2, to: store)
    try damage.apply(to: store.path(step: 2))
    let (checkpoint, skipped) = try store.newest()
    #expect(checkpoint?.state.step == 1)
    #expect(skipped.map(\.path) == [store.path(step: 2)])
    #expect(skipped.first?.reason.description.contains("checkpoint-000002") == true)

    // Going on from step 1 with the damaged step 2 still there: what is good must stay.
    try save(2, 3, to: CheckpointStore(folder: folder.path, keep: 1))
    #expect(folder.contents == ["checkpoint-000003"])
  }

  @Test func aDamagedLaterCheckpointNeverCostsAGoodOne() throws {
    let store = CheckpointStore(folder: folder.path, keep: 1)
    try save(9, to: store)
    try Damage.flippedByte.apply(to: store.path(step: 9))  // of the right size, so only a full read tells
    try save(4, 5, to: store)
    #expect(folder.contents == ["checkpoint-000005", "checkpoint-000009"])
    #expect(try store.newest().checkpoint?.state.step == 5)
  }

  @Test func whatKilledWritersLeaveIsNoCheckpointAndGoes() throws {
    let store = CheckpointStore(folder: folder.path)
    try save(1, 2, 3, to: store)
    let files = FileManager.default
    // Killed while filling; while removing; between the two renames of a replacement; after them.
    try files.createDirectory(atPath: folder / ".partial-checkpoint-000004", withIntermediateDirectories: true)
    try AtomicFile.write("half", to: folder / ".partial-checkpoint-000004/model.safetensors")
    try files.moveItem(atPath: store.path(step: 3), toPath: folder / ".replaced-checkpoint-000003")
    try files.copyItem(atPath: store.path(step: 2), toPath: folder / ".replaced-checkpoint-000002")
    try AtomicFile.write("mine", to: folder / "notes.txt")
    try files.createDirectory(atPath: folder / "checkpoint-best", withIntermediateDirectories: true)
    try store.removeLeftovers()
    #expect(folder.contents == ["checkpoint-000002", "checkpoint-000003", "checkpoint-best", "notes.txt"])
    #expect(try store.newest().checkpoint?.state.step == 3)
  }

  @Test func aFileInPlaceOfTheRunFolderIsNamed() throws {
    try AtomicFile.write("x", to: folder / "run")
    let error = #expect(throws: MohawkError.self) { try save(1, to: CheckpointStore(folder: folder / "run")) }
    #expect(error?.code == .notWritable && error?.location == folder / "run")
  }

  @Test func aDiskThatFillsUpKeepsTheCheckpointBefore() async throws {
    // A limit on the size of files makes the write fail midway, as a full disk does, for root too.
    let path = folder.path
    let result = await #expect(processExitsWith: .exitCode(7), observing: [\.standardErrorContent]) {
      [path = path as String] in
      let store = CheckpointStore(folder: path)
      let run = try ToyRun()
      run.recorder.dies = { event in
        if case .checkpointed = event {
          signal(SIGXFSZ, SIG_IGN)
          #if os(Linux)
            let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
          #else
            let resource = RLIMIT_FSIZE
          #endif
          var limit = rlimit()
          getrlimit(resource, &limit)
          limit.rlim_cur = 512
          setrlimit(resource, &limit)
        }
        return false
      }
      do {
        try run.loop(store).run()
      } catch let error as MohawkError {
        FileHandle.standardError.write(Data(error.description.utf8))
        exit(7)
      }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("model.safetensors"), "\(message)")
    #expect(folder.contents == ["checkpoint-000003"], "no half checkpoint is left")
    #expect(try CheckpointStore(folder: path).newest().checkpoint?.state.step == 3)
  }

  @Test(arguments: [15, 40, 70, 110]) func aKillAtAnyMomentLeavesAGoodCheckpoint(_ milliseconds: Int) async throws {
    let path = folder.path
    try save(1, to: CheckpointStore(folder: path))
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, milliseconds = milliseconds as Int] in
      let store = CheckpointStore(folder: path)
      let weights = Tensor.ones([1_000_000])
      Thread.detachNewThread {
        usleep(UInt32(1000 * milliseconds))
        kill(getpid(), SIGKILL)
      }
      for step in 2... {
        let state = CheckpointState(
          step: 2 + step % 3, stageIndex: 0, stage: .alignment, stageStep: step, stageTokens: 0, stageSeconds: 0,
          fingerprint: "f")
        try store.save(state, recipe: "", model: [("w", weights)], optimizer: [], generators: [])
      }
    }
    let store = CheckpointStore(folder: path)
    try store.removeLeftovers()
    let (checkpoint, skipped) = try store.newest()
    #expect(checkpoint != nil && skipped.isEmpty)
    #expect(folder.contents.allSatisfy { $0.hasPrefix("checkpoint-") })
  }

  @Test func theDigestIsXXH64() {
    let known = [
      (0, "ef46db3751d8e999"), (31, "c346d2b59b4d8ee1"), (32, "cbf59c5116ff32b4"), (101, "e99038495f85381e"),
    ]
    for (count, digits) in known {
      let hash = (0..<count).map { UInt8($0) }.withUnsafeBytes { xxHash64($0) }
      #expect(String(hash, radix: 16) == digits, "\(count) bytes")
    }
  }
}
