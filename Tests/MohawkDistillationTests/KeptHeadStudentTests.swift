import Foundation
import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import Testing

@testable import MohawkDistillation
@testable import MohawkMixers

/// Students in whose layers single heads keep attention.
@Suite struct KeptHeadStudentTests {
  private static let teachers = ["phi", "llama", "qwen3"]

  private func teacher(_ name: String) -> DecoderConfiguration {
    var shape = name == "phi" ? TinyPair.shape(kvHeads: 2) : TinyPair.llama(kvHeads: 2)
    if name == "qwen3" {
      shape.format = .qwen3
      shape.changeAttention { $0.headNormEpsilon = 1e-6 }
    }
    return shape
  }

  private static let all = (0..<3).flatMap { layer in (0..<4).map { AttentionHead(layer: layer, head: $0) } }
  private static let some = [
    AttentionHead(layer: 2, head: 3), AttentionHead(layer: 0, head: 1), AttentionHead(layer: 2, head: 0),
  ]

  private func pair(
    _ name: String, _ heads: [AttentionHead], _ change: (inout StudentRecipe) -> Void = { _ in }
  ) throws -> TinyPair {
    try TinyPair(of: teacher(name)) {
      ($0.attentionHeads, $0.start) = (heads, .context)
      change(&$0)
    }
  }

  @Test(arguments: teachers) func aStudentHasTheQueriesAndKeysOfItsKeptHeads(_ name: String) throws {
    let tiny = try pair(name, Self.some)
    #expect(tiny.student.configuration.format == .mohawk)
    #expect(tiny.student.configuration.mixers == [.discreteMamba2, .discreteMamba2, .discreteMamba2])
    #expect(tiny.student.configuration.keptHeads == [[1], [], [0, 3]])
    #expect(tiny.student.maxLength == 64 && teacher(name).start(StudentRecipe()) == .context)
    #expect(Double(tiny.student.parameters.count) == tiny.student.configuration.parameterCount)
    #expect(!tiny.pair.keptLayers.contains(0))
    let x = RandomGenerator(seed: 1).normal([2, 9, 24], .float64)
    for (layer, heads, groups) in [(0, [1], [0]), (2, [0, 3], [0, 1])] {
      let mixer = try #require(tiny.student.blocks[layer].mixer as? DiscreteMamba2)
      let attention = try #require(tiny.teacher.blocks[layer].mixer as? Attention)
      let mine = try #require(mixer.operands(x, for: .matrix).kept)
      let theirs = attention.operands(x, for: .matrix)
      #expect(mine.q.size(1) == heads.count && mine.k.size(1) == groups.count)
      for (place, head) in heads.enumerated() {
        #expect(mine.q.selected(1, place).error(from: theirs.q.selected(1, head)) < 1e-12)
      }
      for (place, group) in groups.enumerated() {
        #expect(mine.k.selected(1, place).error(from: theirs.k.selected(1, group)) < 1e-12)
      }
      let row = try #require(tiny.rows.first { $0.parameter == "layers.\(layer).mixer.kept.k_proj.weight" })
      #expect(row.source == "layers.\(layer).attention.k_proj.weight")
      let matrix = mixer.matrix(of: x)
      let wanted = attention.matrix(of: x)
      for head in 0..<4 {
        let error = matrix.selected(1, head).error(from: wanted.selected(1, head))
        #expect(heads.contains(head) ? error < 1e-12 : error > 0.1, "head \(head)")
      }
    }
  }

  /// With all heads kept an untrained student is its teacher, whatever its recurrent parts are.
  @Test(arguments: teachers, [StudentRecipe.Start.context, .scaled, .attention])
  func aStudentThatKeepsAllHeadsIsItsTeacher(_ name: String, _ start: StudentRecipe.Start) throws {
    for window in [nil, 3] {
      let tiny = try pair(name, Self.all) { ($0.start, $0.window) = (start, window) }
      withoutGradients {
        // The student's output projection has no bias.
        for layer in 0..<3 { tiny.teacher.parameters["layers.\(layer).attention.dense.bias"]?.value.fill(0) }
      }
      let ids = RandomGenerator(seed: 9).integers(0..<40, [2, 48])
      let student: Decoder
      if start == .attention {
        student = Decoder.fresh(tiny.student.configuration, seed: 8, dtype: .float64)
        _ = try WeightTransfer.run(teacher: tiny.teacher, student: student, start: start)
      } else {
        student = tiny.student
        _ = try ContextStart.run(tiny.pair, ids, drawn: start == .scaled)
      }
      withoutGradients {
        #expect(student(ids).error(from: tiny.teacher(ids)) < 1e-9)
        #expect(student.windowSwitch?.with(.off) { student(ids).error(from: tiny.teacher(ids)) } ?? 0 < 1e-9)
        // It is the kept heads that do it.
        student.parameters["layers.1.mixer.kept.q_proj.weight"]!.value.fill(0)
        #expect(student(ids).error(from: tiny.teacher(ids)) > 1e-4)
      }
    }
  }

  @Test(arguments: teachers) func keptHeadsOfAFittedStudentAreTheTeachersHeads(_ name: String) throws {
    let tiny = try pair(name, Self.some)
    let ids = RandomGenerator(seed: 9).integers(0..<40, [2, 48])
    _ = try ContextStart.run(tiny.pair, ids)
    withoutGradients {
      let input = tiny.student.blocks[2].mixerInput(tiny.teacherInputs(ids)[2])
      let mixer = tiny.student.blocks[2].mixer as! DiscreteMamba2
      let attention = tiny.teacher.blocks[2].mixer as! Attention
      let gate = input.projected(by: mixer.zWeight, mixer.zBias).silu().reshaped(2, 48, 4, 6)
      let mine = mixer.mix(mixer.operands(input, for: .mixing)) * gate
      let theirs = attention.mix(attention.operands(input, for: .mixing))
      for head in 0..<4 {
        let error = mine.selected(2, head).error(from: theirs.selected(2, head))
        #expect([0, 3].contains(head) ? error < 1e-10 : error > 1e-3, "head \(head): \(error)")
      }
    }
  }

  @Test(arguments: teachers) func foldersGiveBackTheModel(_ name: String) throws {
    for window in [nil, 4] {
      var recipe = StudentRecipe()
      (recipe.attentionHeads, recipe.attentionLayers, recipe.window) = (Self.some, [1], window)
      let shape = try teacher(name).student(recipe)
      let model = TinyPair.shaken(Decoder.fresh(shape, seed: 5), 6)
      let folder = try TemporaryFolder()
      try model.write(to: folder.path)
      let opened = try Decoder.open(folder.path)
      #expect(opened.configuration == shape && opened.configuration.keptHeads == [[1], [], [0, 3]])
      let ids = RandomGenerator(seed: 9).integers(0..<40, [2, 20])
      #expect(opened(ids).isIdentical(to: model(ids)))
    }
  }

  @Test(arguments: [
    ("[]", "'layers' is not a list"), ("[[4]]", "'layers' is not a list"), ("[[1, 1]]", "'layers' is not a list"),
    ("\"all\"", "'layers' is not a list"),
    ("[[0], [1]]", "names heads of layer 1, which is no layer of discrete-mamba-2"),
    ("[[], [], [], [0]]", "names heads of layer 3, which is no layer of discrete-mamba-2"),
  ]) func aFolderThatNamesHeadsThatThereAreNotIsRefused(_ layers: String, _ message: String) throws {
    var recipe = StudentRecipe()
    (recipe.attentionHeads, recipe.attentionLayers) = ([AttentionHead(layer: 0, head: 1)], [1])
    let folder = try TemporaryFolder()
    try Decoder.fresh(try teacher("llama").student(recipe), seed: 5).write(to: folder.path)
    let file = URL(fileURLWithPath: folder.path + "/config.json")
    var object = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    var mixer = try #require(object["discrete_mamba_2"] as? [String: Any])
    var kept = try #require(mixer["kept_heads"] as? [String: Any])
    #expect(kept["layers"] as? [[Int]] == [[1]])
    kept["layers"] = try JSONSerialization.jsonObject(with: Data(layers.utf8), options: .fragmentsAllowed)
    mixer["kept_heads"] = kept
    object["discrete_mamba_2"] = mixer
    try JSONSerialization.data(withJSONObject: object).write(to: file)
    let error = #expect(throws: MohawkError.self) { _ = try Decoder.open(folder.path) }
    #expect(error?.message.contains(message) == true, "\(error as Any)")
  }

  @Test func headsThatCannotBeKeptAreRefusedByName() throws {
    func refusal(
      _ part: String, of teacher: DecoderConfiguration = TinyPair.llama(), _ heads: [String] = ["0.1"],
      _ change: (inout StudentRecipe) -> Void = { _ in }
    ) {
      var recipe = StudentRecipe()
      recipe.attentionHeads = heads.map { AttentionHead(text: $0)! }
      change(&recipe)
      let error = #expect(throws: MohawkError.self) { _ = try teacher.student(recipe) }
      #expect(error?.description.contains(part) == true, "\(error as Any)")
    }
    refusal("3.0 is no head of the teacher's 3 layers of 4 heads", ["3.0"])
    refusal("0.4 is no head of", ["0.4"])
    refusal("0.1 is a head of layer 0, which keeps all") { $0.attentionLayers = [0] }
    refusal("Mamba-2 does not have heads that keep attention") { $0.mixer = .mamba2 }
    refusal("sliding-window attention does not have heads that keep") { $0.mixer = .slidingWindowAttention }
    refusal("Gated DeltaNet does not have heads that keep") { $0.mixer = .init(rawValue: "gated-deltanet") }
    refusal("has a head for each of the teacher's 4, the student has 2") { $0.vHeads = 2 }
    var windowed = TinyPair.llama()
    windowed.format = .mohawk
    windowed.changeAttention(where: { $0 == 0 }) { $0.window = 5 }
    refusal("0.1 is a head of a layer with a sliding window", of: windowed)
    var capped = TinyPair.llama()
    capped.format = .mohawk
    capped.changeAttention { $0.scoreCap = 50 }
    refusal("cannot have this teacher's a soft cap", of: capped)
    let student = try TinyPair.shape().student(
      {
        var recipe = StudentRecipe()
        recipe.attentionHeads = [AttentionHead(layer: 0, head: 1)]
        return recipe
      }())
    #expect(student.unsupportedFeature(in: .phiMamba) == "heads that keep attention")
    for format in CheckpointFormat.allCases where format != .mohawk {
      #expect(student.unsupportedFeature(in: format) != nil, "\(format)")
    }
  }
}
