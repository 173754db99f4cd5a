import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkTensor
import Testing

@testable import MohawkMixers

@Suite struct WeightTransferTests {
  @Test func everyParameterIsListedWithItsSource() throws {
    let tiny = try TinyPair { $0.attentionLayers = [1] }
    #expect(tiny.rows.map(\.parameter) == tiny.student.parameters.all.map(\.name))
    #expect(tiny.rows.map(\.shape) == tiny.student.parameters.all.map(\.value.shape))
    for row in tiny.rows {
      let isFresh = row.parameter.contains(".mixer.")
      #expect(row.source == (isFresh ? nil : row.parameter))
      guard let source = row.source else { continue }
      #expect(tiny.student.parameters[row.parameter]!.value.isIdentical(to: tiny.teacher.parameters[source]!.value))
    }
    #expect(tiny.rows.contains { $0.parameter == "layers.1.attention.q_proj.weight" && $0.source != nil })
    #expect(!tiny.rows.contains { $0.parameter.hasPrefix("layers.0.attention") })
  }

  @Test func copiesShareNothingWithTheTeacher() throws {
    let tiny = try TinyPair()
    let before = tiny.teacher.parameters.copies
    _ = TinyPair.shaken(tiny.student, 8)
    #expect(tiny.teacher.parameters.changed(since: before) == [])
  }

  /// [batch, length, heads · width] of the teacher's projection, before any rotation: [batch, heads, length, width].
  private func heads(_ tiny: TinyPair, _ name: String, _ layer: Int, _ x: Tensor, repeated: Int) -> Tensor {
    let parameters = tiny.teacher.parameters
    let prefix = "layers.\(layer).attention.\(name)."
    let y = x.linear(parameters[prefix + "weight"]!.value, parameters[prefix + "bias"]!.value)
    return y.reshaped(y.size(0), y.size(1), -1, 6).transposed(1, 2).repeatedEach(repeated, 1)
  }

  @Test(arguments: [4, 2, 1]) func attentionBecomesTheStateSpaceMatrixBeforeDecay(_ kvHeads: Int) throws {
    let tiny = try TinyPair(kvHeads: kvHeads) { $0.start = .attention }
    for layer in 0..<3 {
      for suffix in ["x", "bc"] {  // the taps are noise in these pairs; the method begins with the identity
        let taps = tiny.student.parameters["layers.\(layer).mixer.conv1d.\(suffix).weight"]!.value
        taps.fill(0)
        taps.selected(-1, taps.size(-1) - 1).fill(1)
      }
      let block = tiny.student.blocks[layer]
      let x = block.mixerInput(RandomGenerator(seed: 1).normal([2, 7, 24], .float64))
      let mixer = try #require(block.mixer as? DiscreteMamba2)
      let operands = mixer.operands(x, for: .mixing)
      let (b, c) = operands.bAndC
      let scores = c.transposed(1, 2).matmul(b.transposed(1, 2).transposed())
      let q = heads(tiny, "q_proj", layer, x, repeated: 1)
      let k = heads(tiny, "k_proj", layer, x, repeated: 4 / kvHeads)
      let v = heads(tiny, "v_proj", layer, x, repeated: 4 / kvHeads)
      #expect(scores.error(from: q.matmul(k.transposed())) < 1e-12)
      #expect(operands.x!.transposed(1, 2).error(from: v) < 1e-12)
      let names = tiny.student.parameters
      #expect(
        names["layers.\(layer).mixer.out_proj.weight"]!.value.isIdentical(
          to: tiny.teacher.parameters["layers.\(layer).attention.dense.weight"]!.value))
    }
    let sources = Dictionary(uniqueKeysWithValues: tiny.rows.map { ($0.parameter, $0.source) })
    #expect(
      sources["layers.0.mixer.in_proj.bc"]
        == "layers.0.attention.k_proj.weight | layers.0.attention.q_proj.weight")
    #expect(sources["layers.0.mixer.in_proj.a_log"]! == nil && sources["layers.0.mixer.D"]! == nil)
  }

  @Test func aStateThatDoesNotFitTheHeadsIsRefused() throws {
    for change in [{ $0.stateDim = 5 }, { $0.vHeads = 2 }, { $0.qkHeads = 2 }] as [(inout StudentRecipe) -> Void] {
      let error = #expect(throws: MohawkError.self) {
        _ = try TinyPair {
          $0.start = .attention
          change(&$0)
        }
      }
      #expect(error?.code == .mismatch)
      #expect(error?.message.contains("needs stateDim 6 and 4 heads") == true)
    }
  }

  @Test func aDesignThatCannotBeIsRefused() throws {
    func refused(
      _ part: String, _ shape: DecoderConfiguration = TinyPair.shape(), _ change: (inout StudentRecipe) -> Void
    ) {
      var recipe = StudentRecipe()
      change(&recipe)
      let error = #expect(throws: MohawkError.self) { try shape.student(recipe) }
      #expect(error?.description.contains(part) == true, "\(part): \(error as Any)")
    }
    refused("layers 0 to 2") { $0.attentionLayers = [3] }
    refused("3 qk heads") { $0.qkHeads = 3 }
    refused("5 v heads") { $0.vHeads = 5 }
    refused("1 taps") { $0.convWidth = 1 }
    refused("chunks of 65537") { $0.chunk = 65_537 }
    var narrow = TinyPair.shape()
    narrow.changeMLPs { $0.width = 48 }
    // The authors' format knows one width only; the project's own knows all.
    #expect(try narrow.student(StudentRecipe()).format == .mohawk)
    #expect(try TinyPair.shape().student(StudentRecipe()).format == .phiMamba)
    refused("not a Transformer", try TinyPair.shape().student(StudentRecipe())) { _ in }
  }

  @Test func modelsThatDifferInGeometryAreNoPair() throws {
    let shape = TinyPair.shape()
    let teacher = Decoder.fresh(shape, seed: 1)
    func refused(_ part: String, _ other: DecoderConfiguration) {
      let error = #expect(throws: MohawkError.self) {
        try DistillationPair(teacher: teacher, student: Decoder.fresh(other, seed: 1))
      }
      #expect(error?.message.contains(part) == true)
    }
    refused("layers: 3 and 2", TinyPair.shape(layers: 2))
    refused("width: 24 and 32", TinyPair.shape(width: 32))
    refused("vocabulary rows: 40 and 41", TinyPair.shape(vocabulary: 41))
  }

  @Test func aHybridKeepsItsLayersToTheLastBit() throws {
    let tiny = try TinyPair { $0.attentionLayers = [0, 1, 2] }
    let ids = TinyPair.tokens()
    #expect(withoutGradients { tiny.student(ids).isIdentical(to: tiny.teacher(ids)) })
  }
}
