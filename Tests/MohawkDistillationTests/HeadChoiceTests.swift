import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDistillation

/// How much the heads of a teacher copy.
@Suite struct HeadChoiceTests {
  /// A teacher in which one head finds the token before, and one of the next layer what followed its like: together they
  /// copy.
  private func copyingTeacher(words: Int, length: Int) -> Decoder {
    var shape = TinyPair.llama(kvHeads: 2)
    (shape.vocabulary, shape.modelDim, shape.format, shape.learnedPositions) = (words, 128, .mohawk, length)
    shape.mixers = [.attention, .attention]
    shape.attention = AttentionConfiguration(
      modelDim: 128, heads: 2, kvHeads: 2, headDim: 64, rotaryDim: 0, maxLength: length, bias: false)
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
    }
    teacher.freeze()
    return teacher
  }

  @Test func theHeadThatCopiesIsFound() {
    let teacher = copyingTeacher(words: 40, length: 36)
    // No word twice but in what is repeated.
    let ids = Tensor(
      (0..<3).flatMap { row in (0..<36).map { Int64(($0 * 7 + 3 * row) % 40) } }, shape: [3, 36])
    let text = RepeatedText(ids, span: 9)
    let choice = HeadChoice.run(teacher, text)
    #expect(choice.shares.map(\.count) == [2, 2])
    #expect(choice.best(1).map { [$0.layer, $0.head] } == [[1, 1]])
    #expect(choice.shares[1][1] > 0.9 && choice.shares[1][0] < 0.1 && choice.shares[0].allSatisfy { $0 < 0.1 })
    #expect(choice.best(9, except: [1]).map(\.layer) == [0, 0] && choice.best(9).count == 4)
    // By hand: the attention of the repeated tokens on what follows their like.
    withoutGradients {
      let hidden = teacher.blocks[0](teacher.embed(text.ids))
      let block = teacher.blocks[1]
      let matrix = (block.mixer as! Attention).matrix(of: block.mixerInput(hidden))
      for head in 0..<2 {
        var sum = 0.0
        for row in 0..<3 {
          let own = text.ids.selected(0, row).integers()
          for token in 27..<35 {
            let earlier = own.prefix(27).firstIndex(of: own[token])!
            #expect(own[earlier + 1] == own[token + 1])
            sum += matrix.selected(0, row).selected(0, head).selected(0, token).doubles()[earlier + 1]
          }
        }
        #expect(abs(choice.shares[1][head] - sum / 24) < 1e-12)
      }
    }
  }

  @Test func aShuffledTextHasTheTokensOfTheTextAndAnEndThatStandsEarlier() {
    let ids = RandomGenerator(seed: 5).integers(0..<1000, [4, 64])
    let text = RepeatedText(shuffling: ids, span: 16, seed: 3)
    #expect(Set(text.ids.integers()).isSubset(of: ids.integers()))
    #expect(text.ids.integers() != RepeatedText(ids, span: 16).ids.integers())
    #expect(text.ids.integers() == RepeatedText(shuffling: ids, span: 16, seed: 3).ids.integers())
    for row in 0..<4 {
      let own = text.ids.selected(0, row).integers()
      #expect(Array(own[text.places[row]..<text.places[row] + 16]) == Array(own[48...]))
    }
  }
}
