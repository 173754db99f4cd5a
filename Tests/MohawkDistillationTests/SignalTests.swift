import Foundation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

@testable import MohawkDistillation

/// What a teacher says, kept in files, and the stages that learn from it.
@Suite struct SignalTests {
  private let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  private func manifest(
    _ tiny: TinyPair, top: Int? = nil, layers: [Int]? = nil, vocabulary: Int = 40, _ precision: Precision = .float32
  ) -> SignalManifest {
    SignalManifest(
      source: .init(
        teacher: "teacher", tokenizer: "tokenizer", vocabulary: vocabulary, modelDim: 24, sequenceLength: 11,
        precision: precision),
      top: top, layers: layers, teacherFolder: "teacher", text: [], seed: 1)
  }

  /// Signals of `TinyPair.tokens()`, written and opened.
  private func signals(_ tiny: TinyPair, top: Int? = nil, layers: [Int]? = nil, _ precision: Precision = .float32)
    throws -> TeacherSignals
  {
    let tokens = TinyPair.tokens()
    let writer = try SignalWriter(place.path, manifest(tiny, top: top, layers: layers, precision))
    if let top { try writer.add(tokens, SignalPass.top(tiny.teacher, tokens, count: top)) }
    if let layers { try writer.add(tokens, SignalPass.inputs(tiny.teacher, tokens, of: layers)) }
    try writer.flush()
    let signals = try TeacherSignals(place.path)
    for part in SignalManifest.Part.allCases { try signals.open(part) }
    return signals
  }

  private func gradients(_ stage: any TrainingStage, _ tokens: Tensor) throws -> (StageLoss, [Tensor]) {
    try stage.begin()
    let loss = try stage.accumulate(tokens, share: 1)
    defer { for parameter in stage.parameters { parameter.value.gradient = nil } }
    return (loss, stage.parameters.map { $0.value.gradient!.copy() })
  }

  @Test(arguments: [DType.float64, .float32]) func everyProbabilityKeptIsTheTeacherItself(_ dtype: DType) throws {
    let tiny = try TinyPair(dtype: dtype)
    let signals = try signals(tiny, top: 40)
    let tokens = TinyPair.tokens()
    let (kept, mine) = try gradients(
      try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all), signals: signals), tokens)
    let (now, exact) = try gradients(try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all)), tokens)
    // fp16 keeps eleven bits of a probability.
    #expect(abs(kept.total.item() / now.total.item() - 1) < 1e-4)
    for (mine, exact) in zip(mine, exact) { #expect(mine.error(from: exact) < 2e-3) }
  }

  @Test(arguments: [1, 7]) func theRestIsOneOutcome(_ count: Int) throws {
    let tiny = try TinyPair()
    let tokens = TinyPair.tokens()
    let signals = try signals(tiny, top: count)
    let stage = try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all), signals: signals)
    let (found, mine) = try gradients(stage, tokens)
    let logits = tiny.student(tokens.narrowed(1, from: 0, length: 11)).reshaped(33, 40)
    let loss = StageLosses.distillationSum(student: logits, target: try signals.top(tokens)) / 33
    #expect(abs(found.total.item() - loss.item()) < 1e-12)
    let exact = loss.gradients(of: stage.parameters.map(\.value))
    for (mine, exact) in zip(mine, exact) { #expect(mine.error(from: exact!) < 1e-9) }
    // Less is asked of the student than by all probabilities.
    let whole = try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all))
    #expect(found.total.item() < (try gradients(whole, tokens)).0.total.item())
  }

  @Test(arguments: [[], [1]], [true, false])
  func layersFromTheirInputsAreLayersOfTheRunningTeacher(_ attention: [Int], _ keepsMLPs: Bool) throws {
    let tiny = try TinyPair(dtype: .float32) {
      $0.attentionLayers = attention
      $0.keepsMLPs = keepsMLPs
    }
    let signals = try signals(tiny, layers: [0, 1, 2].filter { !attention.contains($0) })
    let tokens = TinyPair.tokens()
    func same(_ kept: any TrainingStage, _ now: any TrainingStage) throws {
      let ((mine, found), (exact, wanted)) = (try gradients(kept, tokens), try gradients(now, tokens))
      #expect(mine.total.item() == exact.total.item())
      #expect(mine.perLayer.map { $0.item() } == exact.perLayer.map { $0.item() })
      for (found, wanted) in zip(found, wanted) { #expect(found.isIdentical(to: wanted)) }
    }
    try same(
      LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer), signals: signals),
      LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)))
    guard keepsMLPs else { return }
    try same(
      LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix), signals: signals),
      LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)))
  }

  @Test func brainFloatInputsMoveTheLossByTheirRounding() throws {
    let tiny = try TinyPair(dtype: .float32)
    let signals = try signals(tiny, layers: [0, 1, 2], .bfloat16)
    let tokens = TinyPair.tokens()
    let kept = try gradients(try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer), signals: signals), tokens)
    let now = try gradients(try LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)), tokens)
    #expect(abs(kept.0.total.item() / now.0.total.item() - 1) < 4e-3)
  }

  @Test func sequencesAreFoundInAnyOrderAndOthersAreNot() throws {
    let tiny = try TinyPair()
    let signals = try signals(tiny, top: 3)
    let tokens = TinyPair.tokens()
    let all = try signals.top(tokens)
    let turned = try signals.top(tokens.flipped(0))
    #expect(turned.ids.reshaped(3, 33).flipped(0).integers() == all.ids.integers())
    // The last token of a row is only predicted.
    let other = Tensor.concatenated([tokens.narrowed(1, from: 0, length: 11), .zeros([3, 1], .int64)], 1)
    #expect(try signals.top(other).rest.floats() == all.rest.floats())
    let error = #expect(throws: MohawkError.self) { try signals.top(tokens.narrowed(1, from: 1, length: 11)) }
    #expect(error?.code == .mismatch)
    #expect(signals.has(.top, SignalSequences.rows(tokens)[1]) && !signals.has(.top, [1, 2, 3]))
  }

  @Test func idsOfLargeVocabulariesComeBack() {
    for (vocabulary, type) in [(40, DType.int16), (65_536, .int16), (65_537, .int32)] {
      let ids = Tensor([0, 1, Int32(vocabulary - 1), Int32(min(32_768, vocabulary - 1))], shape: [2, 2])
      let packed = SignalSequences.packed(ids, vocabulary: vocabulary)
      #expect(packed.dtype == type && SignalSequences.unpacked(packed).integers() == ids.integers())
    }
  }

  @Test func aWriterGoesOnWhereTheFolderEnds() throws {
    let tiny = try TinyPair()
    let tokens = TinyPair.tokens(4)
    func row(_ index: Int) -> Tensor { tokens.narrowed(0, from: index, length: 1) }
    var writer = try SignalWriter(place.path, manifest(tiny, top: 3), shardBytes: 1)
    for index in 0..<2 {
      #expect(writer.promise(.top, SignalSequences.rows(row(index))[0]))
      try writer.add(row(index), SignalPass.top(tiny.teacher, row(index), count: 3))
    }
    #expect(writer.manifest.shards.map(\.file) == ["top-00000.safetensors", "top-00001.safetensors"])
    // A start that was killed leaves a file that no manifest knows.
    try place.write("top-00002.safetensors", "half")
    writer = try SignalWriter(place.path, manifest(tiny, top: 3), shardBytes: 1 << 20)
    #expect((0..<4).map { writer.promise(.top, SignalSequences.rows(row($0))[0]) } == [false, false, true, true])
    #expect(!writer.promise(.top, SignalSequences.rows(row(3))[0]))
    for index in 2..<4 { try writer.add(row(index), SignalPass.top(tiny.teacher, row(index), count: 3)) }
    try writer.flush()
    #expect(writer.manifest.shards.map(\.sequences) == [1, 1, 2])
    let signals = try TeacherSignals(place.path)
    try signals.open(.top)
    let (all, whole) = (try signals.top(tokens), SignalPass.top(tiny.teacher, tokens, count: 3))
    #expect(all.ids.integers() == whole.ids.integers())
    #expect(abs(try #require(signals.manifest.meanRest) - whole.rest.mean().item()) < 1e-6)
    let bytes = writer.manifest.shards[2].digest.bytes
    #expect((0..<1024).contains(bytes - 22 * writer.manifest.bytesPerToken(.top)))
  }

  @Test func damagedShardsAreRefusedAndWrittenAgain() throws {
    let tiny = try TinyPair()
    _ = try signals(tiny, top: 3)
    let path = place.path + "/top-00000.safetensors"
    let good = try Data(contentsOf: URL(fileURLWithPath: path))
    func refused(_ code: MohawkError.Code, _ bytes: Data?) throws {
      try? FileManager.default.removeItem(atPath: path)
      try bytes?.write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: MohawkError.self) { try TeacherSignals(place.path).open(.top) }
      #expect(error?.code == code && error?.location == path && error?.remedy?.contains("mohawk signals") == true)
    }
    try refused(.truncatedFile, good.dropLast())
    try refused(.mismatch, good + [0])
    var changed = good
    changed[good.count - 5] ^= 1
    try refused(.invalidFormat, changed)
    try refused(.missingFile, nil)
    let writer = try SignalWriter(place.path, manifest(tiny, top: 3))
    #expect(writer.manifest.shards.isEmpty && writer.promise(.top, SignalSequences.rows(TinyPair.tokens())[0]))
    try place.write("manifest.json", "{}")
    #expect(throws: MohawkError.self) { try TeacherSignals(place.path) }
    try place.write("manifest.json", #"{"version": 7}"#)
    let error = #expect(throws: MohawkError.self) { try TeacherSignals(place.path) }
    #expect(error?.code == .unsupported)
  }

  @Test func aFolderBelongsToItsSource() throws {
    let tiny = try TinyPair()
    _ = try signals(tiny, top: 3, layers: [0, 1])
    func refused(_ part: String, _ change: (inout SignalManifest) -> Void) {
      var other = manifest(tiny, top: 3, layers: [0, 1])
      change(&other)
      let error = #expect(throws: MohawkError.self) { _ = try SignalWriter(place.path, other) }
      #expect(error?.code == .mismatch && error?.message.contains(part) == true, "\(part)")
    }
    refused("another teacher") { $0.source.teacher = "other" }
    refused("another tokenizer") { $0.source.tokenizer = "other" }
    refused("sequences of 11 tokens, not 12") { $0.source.sequenceLength = 12 }
    refused("computed in fp32") { $0.source.precision = .bfloat16 }
    refused("keep the top 3, not 4") { $0.top = 4 }
    refused("inputs of layers [0, 1], not [0]") { $0.layers = [0] }
    _ = try SignalWriter(place.path, manifest(tiny))
    let signals = try TeacherSignals(place.path)
    #expect(throws: MohawkError.self) { try signals.requireInputs(of: [0, 2], precision: .float32) }
    #expect(throws: MohawkError.self) { try signals.requireInputs(of: [0], precision: .bfloat16) }
    try signals.requireInputs(of: [1], precision: .float32)
  }
}
