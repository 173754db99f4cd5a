import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDistillation

/// How much the heads of a teacher look beyond a window.
@Suite struct HeadChoiceTests {
  /// A teacher in which one head finds the token before, and one of the next layer what followed its like: together they
  /// copy.
  private func copyingTeacher(words: Int, length: Int) -> Decoder {
    var shape = TinyPair.llama(kvHeads: 2)
    (shape.vocabulary, shape.modelDim, shape.format, shape.learnedPositions) = (words, 128, .mohawk, length)
    let attention = AttentionConfiguration(
      modelDim: 128, heads: 2, kvHeads: 2, headDim: 64, rotaryDim: 0, maxLength: length, bias: false)
    shape.layers = Array(repeating: DecoderLayer(attention, mlp: shape.sharedMLP), count: 2)
    let teacher = Decoder.fresh(shape, seed: 1, dtype: .float64)
    precondition(2 * words + length <= 128 && words <= 64 && length <= 64)
    /// Ones where a row of `name` is to read a column.
    func set(_ name: String, _ cells: [(row: Int, column: Int)], _ value: Double) {
      let parameter = teacher.parameters[name]!.value
      parameter.fill(0)
      for cell in cells { parameter.selected(0, cell.row).narrowed(0, from: cell.column, length: 1).fill(value) }
    }
    withoutGradients {
      for parameter in teacher.parameters.all where !parameter.name.contains("norm") { parameter.value.fill(0) }
      // Words, then positions, then the word before.
      let (position, before) = (words, words + length)
      set("embedding.weight", (0..<words).map { ($0, $0) }, 1)
      set("positions.weight", (0..<length).map { ($0, position + $0) }, 1)
      set("layers.0.attention.q_proj.weight", (1..<length).map { ($0 - 1, position + $0) }, 3)
      set("layers.0.attention.k_proj.weight", (0..<length).map { ($0, position + $0) }, 3)
      set("layers.0.attention.v_proj.weight", (0..<words).map { ($0, $0) }, 0.1)
      set("layers.0.attention.dense.weight", (0..<words).map { (before + $0, $0) }, 1)
      // The second head of layer 1.
      set("layers.1.attention.q_proj.weight", (0..<words).map { (64 + $0, $0) }, 3)
      set("layers.1.attention.k_proj.weight", (0..<words).map { (64 + $0, before + $0) }, 3)
      set("layers.1.attention.v_proj.weight", (0..<words).map { (64 + $0, $0) }, 1)
      set("layers.1.attention.dense.weight", (0..<words).map { ($0, 64 + $0) }, 2)
      set("lm_head.weight", (0..<words).map { ($0, $0) }, 1)
    }
    teacher.freeze()
    return teacher
  }

  @Test func theHeadThatCopiesIsFound() throws {
    let teacher = copyingTeacher(words: 40, length: 36)
    // No word twice but in what is repeated, so that only that head can tell how it goes on.
    let ids = Tensor(
      (0..<3).flatMap { row in (0..<36).map { Int64(($0 * 7 + 3 * row) % 40) } }, shape: [3, 36])
    let text = RepeatedText(ids, span: 9)
    var told: [Double] = []
    let choice = try HeadChoice.run(teacher, text, window: 4, sinks: 1) { told.append($0) }
    #expect(choice.parts.map(\.count) == [2, 2])
    #expect(choice.best(1).map { [$0.layer, $0.head] } == [[1, 1]])
    #expect(choice.best(9).count == 4)
    #expect(told.count == 9 && told.last == 1 && told == told.sorted())
    // The head that finds the token before looks no further than the window.
    let first = choice.parts[0].map { abs($0) }.reduce(0, max)
    #expect(choice.parts[1][1] > 10 * first)
    let others = try HeadChoice.run(teacher, text, window: 4, sinks: 1, except: [1])
    #expect(others.parts.map(\.count) == [2, 0] && others.divergence < choice.divergence / 10)
    let open = try HeadChoice.run(teacher, text, window: 36, sinks: 1)
    #expect(open.divergence < 1e-12)
  }

  /// Two layers with random weights.
  private func randomTeacher() -> (teacher: Decoder, text: RepeatedText) {
    var shape = TinyPair.llama(kvHeads: 2)
    shape.layers.removeLast()
    let teacher = Decoder.fresh(shape, seed: 4, dtype: .float64)
    teacher.freeze()
    let ids = RandomGenerator(seed: 5).integers(0..<shape.vocabulary, [2, 30])
    return (teacher, RepeatedText(ids, span: 8))
  }

  @Test func theGradientsAreThoseOfDifferences() throws {
    let (teacher, whole) = randomTeacher()
    let text = whole.sequence(1)
    #expect(text.ids.integers() == whole.ids.selected(0, 1).integers() && text.places == [whole.places[1]])
    let judge = RepeatedTextDivergence(teacher, text)
    let gates = HeadGates(teacher, window: 3, sinks: 1, except: [])
    let gradients = gates.gradients(text.ids, judge, opened: 0.3)
    // All gates of all layers open at once, so that differences give the sum of all.
    let step = 1e-4
    var sum = 0.0
    for layer in gradients.values { sum += layer.sum().item() }
    let difference =
      (gates.divergence(text.ids, judge, opened: 0.3 + step) - gates.divergence(text.ids, judge, opened: 0.3 - step))
      / (2 * step)
    #expect(abs(sum - difference) < 1e-6 * abs(difference))
    // And with one layer's gates alone.
    let alone = HeadGates(teacher, window: 3, sinks: 1, except: [0])
    let own = alone.gradients(text.ids, judge, opened: 0.3)
    let change =
      (alone.divergence(text.ids, judge, opened: 0.3 + step) - alone.divergence(text.ids, judge, opened: 0.3 - step))
      / (2 * step)
    let gradient: Double = try #require(own[1]).sum().item()
    #expect(own.count == 1 && abs(gradient - change) < 1e-6 * abs(change))
  }

  @Test func openGatesAreTheTeacherAndClosedOnesTheWindow() {
    let (teacher, text) = randomTeacher()
    let judge = RepeatedTextDivergence(teacher, text)
    let gates = HeadGates(teacher, window: 3, sinks: 1, except: [])
    #expect(gates.divergence(text.ids, judge, opened: 1).magnitude < 1e-12)
    let windowed = withoutGradients { judge(teacher.windowed(3, sinks: 1).hidden(text.ids)) }
    let both: Double = (windowed.repeated + windowed.elsewhere).item()
    #expect(abs(gates.divergence(text.ids, judge, opened: 0) - both) < 1e-12 && both > 1e-6)
  }

  @Test func thePartsOfAllHeadsAreTheWholeDivergence() throws {
    let (teacher, text) = randomTeacher()
    let choice = try HeadChoice.run(teacher, text, window: 3, sinks: 1)
    let sum = choice.parts.joined().reduce(0, +)
    #expect(abs(sum - choice.divergence) < 0.01 * choice.divergence)
  }
}
