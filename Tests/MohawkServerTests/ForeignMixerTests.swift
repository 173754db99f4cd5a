import Foundation
import MohawkDecoding
import MohawkDistillation
import MohawkExport
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkRuns
import MohawkServing
import MohawkTensor
import MohawkText
import Testing

/// A kind of mixer that is registered from outside goes wherever those of the library go: what has no form for it says so,
/// and nothing traps.
@Suite(.serialized, .onOtherThreads) struct ForeignMixerTests {
  private static let kind = ForeignGeometry.kind

  /// A folder with a teacher, whose attention layer 1 the student keeps, and a text.
  private final class Place {
    let path = FileManager.default.temporaryDirectory.path + "/foreign-\(UUID().uuidString)"

    init() throws {
      Mixers.register(ForeignGeometry.self)
      Runtime.threads = 1
      try FileManager.default.createDirectory(atPath: path + "/teacher", withIntermediateDirectories: true)
      let text = (0..<30).map { StoryGenerator(seed: 1).story(at: $0) }.joined(separator: "\n\n")
      try text.write(toFile: path + "/text.txt", atomically: true, encoding: .utf8)
      try Decoder.fresh(Self.teacher, seed: 3).write(to: path + "/teacher")
      try TestServer.tokenizer.write(to: path + "/teacher/tokenizer.json")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static let teacher = DecoderConfiguration(
      format: .llama, vocabulary: 320, modelDim: 32, layers: 3, layout: .sequential, norm: .rms(epsilon: 1e-5),
      mlp: .init(width: 64, activation: .silu, isGated: true, bias: false),
      mixer: AttentionConfiguration(
        modelDim: 32, heads: 4, kvHeads: 2, headDim: 8, rotaryDim: 8, maxLength: 64, bias: false))

    var recipe: Recipe {
      var recipe = Recipe()
      (recipe.threads, recipe.teacher) = (1, path + "/teacher")
      (recipe.data.train, recipe.data.sequenceLength) = ([path + "/text.txt"], 16)
      (recipe.student.mixer, recipe.student.attentionLayers) = (.init(rawValue: "foreign-mean"), [1])
      for stage in StageName.allCases { (recipe[stage].tokens, recipe[stage].batchTokens) = (4 * 64, 64) }
      (recipe.checkpoints.every, recipe.evaluation.tokens) = (3, 512)
      return recipe
    }

    /// Distils, stopping once after some steps.
    func distil(_ recipe: Recipe, _ name: String, stoppingAfter stop: Int? = nil) throws -> RunFolder {
      var settings = RunSettings()
      var left = stop
      settings.shouldStop = {
        guard let steps = left else { return false }
        left = steps > 1 ? steps - 1 : nil
        return steps == 1
      }
      while true {
        let run = DistillationRun(recipe, folder: path + "/" + name, settings)
        run.decodeContexts = [8]
        do {
          try run.run()
          return run.folder
        } catch let error as MohawkError where error.code == .interrupted {}
      }
    }
  }

  @Test func itIsDistilledStoppedResumedEvaluatedAndWritten() throws {
    let place = try Place()
    let whole = try place.distil(place.recipe, "whole")
    let parts = try place.distil(place.recipe, "parts", stoppingAfter: 6)
    func weights(_ folder: RunFolder) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: folder.model + "/model.safetensors"))
    }
    #expect(try weights(whole) == weights(parts))
    let report = try RunReport(folder: whole.path)
    let layers = try #require(report.evaluation?.layers)
    #expect(layers.map(\.mixer) == ["Foreign mean", "attention", "Foreign mean"])
    #expect(layers.map(\.keepsAttention) == [false, true, false] && layers.allSatisfy { $0.hidden?.isFinite != false })
    let card = try String(contentsOfFile: whole.model + "/README.md", encoding: .utf8)
    #expect(card.contains("nothing but mohawk: there is no code for other tools that computes foreign-mean"))
    #expect(!FileManager.default.fileExists(atPath: whole.model + "/modeling_mohawk.py"))
    let student = try Decoder.open(whole.model)
    #expect(student.configuration.format == .mohawk)
    #expect(student.configuration.mixers == [Self.kind, .attention, Self.kind])
    #expect(student.configuration.facts.contains { $0.name == "Foreign mean" && $0.value == "4 heads of 8" })
  }

  @Test func itStartsAsItsAttention() throws {
    let place = try Place()
    var recipe = place.recipe.student
    recipe.start = .attention
    let (teacher, shape) = (Decoder.fresh(Place.teacher, seed: 3), try Place.teacher.student(recipe))
    let rows = try WeightTransfer.run(teacher: teacher, student: .fresh(shape, seed: 4), start: .attention)
    let sources = Dictionary(uniqueKeysWithValues: rows.map { ($0.parameter, $0.source) })
    #expect(sources["layers.0.mixer.value.weight"] == "layers.0.attention.v_proj.weight")
    #expect(sources["layers.0.mixer.rates"]! == nil)
    // What fits heads of Mamba-2 knows nothing of it.
    #expect(Place.teacher.start(place.recipe.student) == .paper)
  }

  @Test func itGeneratesAndItsStateIsAFile() throws {
    let place = try Place()
    let (model, tokenizer) = (try self.model(place), TestServer.tokenizer)
    let engine = DecodingEngine(model)
    var options = SamplingOptions()
    options.temperature = 0
    let generator = try TextGenerator(engine, tokenizer)
    let made = try generator.generate("One day", limit: 12, options: options).tokens
    var ids = tokenizer.encode("One day")
    for _ in made {
      let logits = withoutGradients { model(Tensor(ids.map(Int64.init), shape: [1, ids.count])) }
      let row = logits.selected(1, ids.count - 1).floats().prefix(Int(tokenizer.highestID) + 1)
      ids.append(Int32(row.firstIndex(of: row.max()!)!))
    }
    #expect(Array(ids.suffix(made.count)) == made && !made.isEmpty)

    let talk = Conversation([5, 6, 7, 8], engine.emptyState())
    _ = engine.read([5, 6, 7], talk.state, logits: 0)
    let path = place.path + "/state.safetensors"
    try StateFile.write(talk, of: engine, to: path)
    let found = try StateFile.read(path, for: DecodingEngine(model)).conversation
    #expect(found.state.position == 3)
    let (one, other) = (engine.read([8], talk.state).copy(), engine.read([8], found.state))
    #expect(one.floats() == other.floats())
    // Proposals are looked at without moving the state, and taken over in part.
    let state = engine.emptyState()
    _ = engine.verify([5, 6, 9], state)
    engine.commit(2, state)
    #expect(state.position == 2)
    let next = engine.step([7], [state]).floats()
    let wanted = engine.read([5, 6, 7], engine.emptyState()).floats()
    #expect(zip(next, wanted).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func itIsServed() async throws {
    let place = try Place()
    let folder = place.path + "/student"
    try model(place).write(to: folder)
    let server = try await TestServer(engine: { try DecodingEngine.open(folder) })
    let body = #"{"prompt":"One day","max_tokens":6,"temperature":0,"ignore_eos":true,"model":"small"}"#
    let answer = try #require(server.ask("POST", "/v1/completions", body))
    #expect(answer.status == 200 && answer.json?["usage"]?["completion_tokens"]?.integer == 6)
    #expect(server.ask("GET", "/v1/models")?.status == 200)
    try await server.stop()
  }

  @Test func whatHasNoFormForItSaysSo() throws {
    let place = try Place()
    let folder = place.path + "/student"
    let model = try model(place)
    try model.write(to: folder)
    func refused(_ part: String, _ body: () throws -> Void) {
      let error = #expect(throws: MohawkError.self) { try body() }
      #expect(error?.description.contains(part) == true, "\(error as Any)")
    }
    refused("no steps for foreign-mean") { _ = try DecodingEngine.open(folder, weights: .int8) }
    refused("no steps for foreign-mean") { try QuantizedDecoder.requireNative(model.configuration, at: folder) }
    refused("no architecture with attention and foreign-mean layers") {
      _ = try GGUFExport.write(folder: folder, to: place.path + "/model.gguf")
    }
    var recipe = place.recipe.student
    for (part, change) in [
      ("no kind of mixer", { $0.mixer = .init(rawValue: "foreign-men") }), ("did you mean foreign-mean", { _ in }),
      ("does not have a window", { ($0.mixer, $0.window) = (.init(rawValue: "foreign-mean"), 8) }),
      ("Mamba does not have a window", { $0.mixer = .init(rawValue: "mamba") }),
    ] as [(String, (inout StudentRecipe) -> Void)] {
      change(&recipe)
      refused(part) { _ = try Place.teacher.student(recipe) }
    }
    // A key that nobody knows, one that is missing, and numbers that make no mixer.
    for (part, geometry) in [
      ("the key 'tails' is not known for Foreign mean", #"{"heads": 4, "head_dim": 8, "tails": 1}"#),
      ("the key 'head_dim' is missing", #"{"heads": 4}"#),
      ("the key 'heads' holds something of another type", #"{"heads": "4", "head_dim": 8}"#),
      ("a mixer without heads", #"{"heads": 0, "head_dim": 8}"#),
    ] {
      let text = try String(contentsOfFile: folder + "/config.json", encoding: .utf8)
      let other = text.replacing(/"foreign_mean" ?: ?\{[^}]*\}/, with: "\"foreign_mean\" : \(geometry)")
      #expect(other != text)
      let broken = place.path + "/broken"
      try FileManager.default.createDirectory(atPath: broken, withIntermediateDirectories: true)
      try other.write(toFile: broken + "/config.json", atomically: true, encoding: .utf8)
      refused(part) { _ = try DecoderConfiguration(folder: broken) }
    }
  }

  @Test func aKeptLayerIsOneOfTheSameGeometry() throws {
    var windowed = Place.teacher
    windowed.changeAttention(where: { $0 == 2 }) { $0.window = 8 }
    windowed.changeAttention { $0.outputBias = true }
    let pair = try DistillationPair(
      teacher: Decoder.fresh(Place.teacher, seed: 1), student: Decoder.fresh(windowed, seed: 2))
    #expect(pair.keptLayers == [0, 1])
  }

  private func model(_ place: Place) throws -> Decoder {
    let model = Decoder.fresh(try Place.teacher.student(place.recipe.student), seed: 5)
    model.freeze()
    return model
  }
}
