import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct StateFileTests {
  private func greedy() -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = 0
    return options
  }

  private func conversation(_ engine: DecodingEngine, _ count: Int = 30) -> Conversation {
    let conversation = Conversation((0..<count).map { Int32($0 * 13 % 300) }, engine.emptyState())
    if count > 1 { _ = engine.read(Array(conversation.ids.dropLast()), conversation.state, logits: 0) }
    return conversation
  }

  @Test(arguments: ModelKind.allCases) func aSavedConversationGoesOnAsIfItHadNeverStopped(_ kind: ModelKind) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/state.safetensors"
    for count in [1, 3, 30] {
      let engine = DecodingEngine(kind.endless())
      let generator = try TextGenerator(engine, TextGeneratorTests.tokenizer)
      let talk = conversation(engine, count)
      _ = try generator.generate(continuing: talk, limit: 8, options: greedy())
      try StateFile.write(talk, of: engine, note: "{\"a\": \"ü\"}\n", to: path)
      let wanted = try generator.generate(continuing: talk, limit: 12, options: greedy()).tokens
      // In another process there is another engine over the same weights.
      let other = DecodingEngine(kind.endless())
      let (found, note) = try StateFile.read(path, for: other)
      #expect(note == "{\"a\": \"ü\"}\n" && found.ids.count == talk.ids.count - wanted.count)
      let again = try TextGenerator(other, TextGeneratorTests.tokenizer)
      #expect(try again.generate(continuing: found, limit: 12, options: greedy()).tokens == wanted)
      for (one, other) in zip(talk.state.tensors, found.state.tensors) {
        #expect(one.name == other.name && one.tensor.isIdentical(to: other.tensor))
      }
    }
  }

  @Test func aConversationThatHasNotBegunIsAFileToo() throws {
    let folder = try TemporaryFolder()
    let engine = DecodingEngine(ModelKind.hybrid.model())
    try StateFile.write(Conversation(engine), of: engine, to: folder.path + "/state")
    let (found, note) = try StateFile.read(folder.path + "/state", for: engine)
    #expect(found.ids.isEmpty && found.state.position == 0 && note == nil)
  }

  @Test func tokensStillToBeReadAreKept() throws {
    let folder = try TemporaryFolder()
    let engine = DecodingEngine(ModelKind.phiMamba.model())
    let talk = conversation(engine)
    talk.append([1, 2, 3])
    try StateFile.write(talk, of: engine, to: folder.path + "/state")
    let found = try StateFile.read(folder.path + "/state", for: engine).conversation
    #expect(found.ids == talk.ids && Array(found.unread) == Array(talk.unread) && found.unread.count == 4)
  }

  private func refusal(_ path: String, _ engine: DecodingEngine) -> MohawkError? {
    let error = #expect(throws: MohawkError.self) { _ = try StateFile.read(path, for: engine) }
    #expect(error?.location == path)
    return error
  }

  @Test func theStateOfAnotherModelIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/state"
    let engine = DecodingEngine(ModelKind.hybrid.model())
    try StateFile.write(conversation(engine), of: engine, to: path)
    let others = [
      ModelKind.hybrid.model(seed: 22), ModelKind.hybrid.model(maxLength: 65), ModelKind.phiMamba.model(),
      ModelKind.hybrid.model().firstLayers(2), ModelKind.hybrid.model(width: 48),
    ]
    for other in others {
      #expect(refusal(path, DecodingEngine(other))?.message == "this state belongs to another model")
    }
  }

  @Test func aTruncatedStateIsRefused() throws {
    let folder = try TemporaryFolder()
    let engine = DecodingEngine(ModelKind.hybrid.model())
    try StateFile.write(conversation(engine), of: engine, to: folder.path + "/state")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/state"))
    for count in [0, 5, 100, bytes.count / 2, bytes.count - 1] {
      let path = try folder.write("cut", bytes.prefix(count))
      _ = refusal(path, engine)
    }
    _ = refusal(folder.path + "/nowhere", engine)
  }

  @Test func aFlippedBitAnywhereIsFound() throws {
    let folder = try TemporaryFolder()
    let engine = DecodingEngine(ModelKind.hybrid.model())
    try StateFile.write(conversation(engine), of: engine, note: "a note", to: folder.path + "/state")
    let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.path + "/state")))
    for place in stride(from: 9, to: whole.count, by: max(1, whole.count / 400)) {
      var bytes = whole
      bytes[place] ^= 1
      _ = refusal(try folder.write("flipped", bytes), engine)
    }
  }

  /// A state's file with something changed, as one without a digest.
  private func file(
    _ folder: TemporaryFolder, _ engine: DecodingEngine,
    _ change: (inout [String: String], inout [(name: String, tensor: Tensor)]) -> Void
  ) throws -> String {
    let path = folder.path + "/state"
    try StateFile.write(conversation(engine), of: engine, to: path)
    let file = try SafetensorsFile(path)
    var metadata = file.metadata
    metadata["digest"] = nil
    metadata["format"] = "mohawk-state-1"
    var tensors = try file.names.map { (name: $0, tensor: try file.tensor($0).copy()) }
    change(&metadata, &tensors)
    try Safetensors.write(tensors, metadata: metadata, to: path + "-changed")
    return path + "-changed"
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let folder = try TemporaryFolder()
    let engine = DecodingEngine(ModelKind.hybrid.model(maxLength: 40))
    func refused(
      _ part: String, _ change: (inout [String: String], inout [(name: String, tensor: Tensor)]) -> Void
    ) throws {
      let error = refusal(try file(folder, engine, change), engine)
      #expect(error?.description.contains(part) == true, "\(part): \(error?.description ?? "")")
    }
    func replace(_ name: String, _ tensor: Tensor) -> (
      inout [String: String], inout [(name: String, tensor: Tensor)]
    ) -> Void {
      { _, tensors in tensors[tensors.firstIndex { $0.name == name }!].tensor = tensor }
    }
    try refused("no state of a conversation") { metadata, _ in metadata["format"] = "pt" }
    try refused("no state of a conversation") { metadata, _ in metadata = [:] }
    for position in ["31", "-1", "x", "", "99999999999999999999"] {
      try refused("position") { metadata, _ in metadata["position"] = position }
    }
    try refused("no token and yet") { metadata, _ in metadata["position"] = "0" }
    try refused("where this model has") { metadata, _ in metadata["position"] = "20" }
    try refused("where this model has", replace("layers.1.keys", .zeros([1, 2, 29, 5])))
    try refused("where this model has", replace("layers.1.keys", .zeros([1, 2, 29, 6], .float64)))
    try refused("where this model has", replace("layers.0.memory", .zeros([2, 2])))
    try refused("this state is broken: save it again", replace("layers.0.memory", .full([1, 4, 6, 5], .nan)))
    try refused("ids outside", replace("tokens", Tensor([Int32](repeating: 320, count: 30), shape: [30])))
    try refused("ids outside", replace("tokens", Tensor([Int32](repeating: -1, count: 30), shape: [30])))
    try refused("not a list of ids", replace("tokens", .zeros([30], .int64)))
    try refused("not a list of ids", replace("tokens", .zeros([30, 1], .int32)))
    try refused("40 at most", replace("tokens", .zeros([42], .int32)))
    try refused("no tensor 'tokens'") { _, tensors in tensors.removeAll { $0.name == "tokens" } }
    try refused("no tensor 'layers.2.memory'") { _, tensors in tensors.removeAll { $0.name == "layers.2.memory" } }
    try refused("tensors where") { _, tensors in tensors.append(("more", .zeros([1]))) }
  }

  @Test func damagedBytesNeverCrash() throws {
    let folder = try TemporaryFolder()
    let engine = DecodingEngine(ModelKind.windowed.model())
    try StateFile.write(conversation(engine), of: engine, to: folder.path + "/state")
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/state")))
    let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    var random = SeededGenerator(seed: 1)
    var refused = 0
    for _ in 0..<300 {
      var changed = bytes
      for _ in 0...random.next(below: 3) {
        let place = random.next(below: random.next(below: 4) == 0 ? bytes.count : header)
        changed[place] = UInt8(random.next(below: 2) == 0 ? random.next(below: 256) : 48 + random.next(below: 10))
      }
      do {
        let found = try StateFile.read(folder.write("changed", changed), for: engine).conversation
        // What is let through can be continued.
        if !found.unread.isEmpty { _ = engine.readUnread(found) }
      } catch is MohawkError {
        refused += 1
      }
    }
    #expect(refused > 100)
  }

  @Test func aFileThatCannotBeWrittenIsAnError() throws {
    let folder = try TemporaryFolder()
    let engine = DecodingEngine(ModelKind.mamba.model())
    #expect(throws: MohawkError.self) {
      try StateFile.write(conversation(engine), of: engine, to: folder.path + "/nowhere/state")
    }
  }
}
