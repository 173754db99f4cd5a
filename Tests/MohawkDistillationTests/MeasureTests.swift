import Foundation
import MohawkLayers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDistillation
@testable import MohawkMixers

/// Measures of layers against the same numbers written out one by one.
@Suite struct MeasureTests {
  /// Numbers of one layer, by head, token and channel, for one sequence.
  private struct Written {
    /// [head][i][j]
    var matrix: [[[Double]]]
    /// [head][j][channel]
    var values: [[[Double]]]
    var heads: Int { matrix.count }
    var length: Int { matrix[0].count }
    func length(_ head: Int, _ j: Int) -> Double { values[head][j].reduce(0) { $0 + $1 * $1 }.squareRoot() }

    init(_ mixer: some SequenceMixer, _ input: Tensor, row: Int = 0) {
      let operands = mixer.operands(input, for: .mixing)
      func nested(_ x: Tensor) -> [[[Double]]] {
        (0..<x.size(0)).map { a in (0..<x.size(1)).map { x.selected(0, a).selected(0, $0).doubles() } }
      }
      matrix = nested(mixer.matrix(operands).selected(0, row))
      values = nested(mixer.values(operands).selected(0, row).transposed(0, 1))
    }

    /// Of every head, the smallest error over the grid of windows and the best scale of each; the entries are weighted.
    func bestWindow(_ head: Int, _ weight: (Int) -> Double) -> (residual: Double, target: Double, decay: Double) {
      var best: (residual: Double, target: Double, decay: Double)?
      for decay in ContextFit.decays {
        var (cross, own, target) = (0.0, 0.0, 0.0)
        for i in 0..<length {
          for j in 0...i {
            let (window, entry) = (pow(decay, Double(i - j)) * weight(j), matrix[head][i][j] * weight(j))
            cross += window * entry
            own += window * window
            target += entry * entry
          }
        }
        let scale = cross / own
        var residual = 0.0
        for i in 0..<length {
          for j in 0...i {
            let miss = (scale * pow(decay, Double(i - j)) - matrix[head][i][j]) * weight(j)
            residual += miss * miss
          }
        }
        if residual < best?.residual ?? .infinity { best = (residual, target, decay) }
      }
      return best!
    }
  }

  private func inputs(_ tiny: TinyPair, _ ids: Tensor, _ layer: Int) -> Tensor {
    withoutGradients { tiny.teacher.blocks[layer].mixerInput(tiny.teacherInputs(ids)[layer]) }
  }

  @Test(arguments: [4, 2]) func weightedErrorsCountColumnsByTheirValues(_ kvHeads: Int) throws {
    let tiny = try TinyPair(kvHeads: kvHeads) { $0.attentionLayers = [1] }
    let ids = TinyPair.tokens(2, 8)
    let distances = LayerDistances.measure(tiny.pair, [ids])
    let input = inputs(tiny, ids, 2)
    let (teacher, student) = withoutGradients {
      (Written(tiny.teacher.blocks[2].mixer, input), tiny.student.blocks[2].mixer.matrix(of: input))
    }
    var (missed, target) = (0.0, 0.0)
    for head in 0..<4 {
      for i in 0..<teacher.length {
        for j in 0..<teacher.length {
          let found = student.selected(0, 0).selected(0, head).selected(0, i).selected(0, j).item()
          let weight = teacher.length(head, j)
          missed += pow((found - teacher.matrix[head][i][j]) * weight, 2)
          target += pow(teacher.matrix[head][i][j] * weight, 2)
        }
      }
    }
    #expect(abs(distances.weightedErrors[2]! - (missed / target).squareRoot()) < 1e-9)
    #expect(distances.weightedErrors[1] == nil)
    #expect(distances.weightedErrors[2] != distances.matrixErrors[2])
  }

  @Test(arguments: [4, 2]) func baselinesAreTheWindowsThatOneFindsByTrying(_ kvHeads: Int) throws {
    let tiny = try TinyPair(kvHeads: kvHeads)
    let ids = TinyPair.tokens(2, 12)
    let found = AttentionBaselines.measure(tiny.teacher, [ids]) { $0 != 0 }
    #expect(found[0] == nil && found.count == 3)
    let baselines = try #require(found[1])
    let input = inputs(tiny, ids, 1)
    let mixer = try #require(tiny.teacher.blocks[1].mixer as? Attention)
    let (first, second) = withoutGradients { (Written(mixer, input), Written(mixer, input, row: 1)) }
    func total(_ weight: @escaping (Int, Int) -> Double) -> (error: Double, decays: [Double]) {
      let heads = (0..<4).map { head in first.bestWindow(head) { weight(head, $0) } }
      let error = heads.reduce(0) { $0 + $1.residual } / heads.reduce(0) { $0 + $1.target }
      return (error.squareRoot(), heads.map(\.decay))
    }
    let (plain, weighted) = (total { _, _ in 1 }, total { first.length($0, $1) })
    #expect(abs(baselines.window.matrix! - plain.error) < 1e-9)
    #expect(baselines.matrixWindows.map(\.decay) == plain.decays)
    #expect(abs(baselines.window.weighted! - weighted.error) < 1e-9)
    #expect(baselines.weightedWindows.map(\.decay) == weighted.decays)

    var (missed, squares) = ([0.0, 0], [0.0, 0])
    for head in 0..<4 {
      for i in 0..<13 {
        for j in 0...i {
          for (index, weight) in [1, first.length(head, j)].enumerated() {
            missed[index] += pow((1 / Double(i + 1) - first.matrix[head][i][j]) * weight, 2)
            squares[index] += pow(first.matrix[head][i][j] * weight, 2)
          }
        }
      }
    }
    #expect(abs(baselines.uniform.matrix! - (missed[0] / squares[0]).squareRoot()) < 1e-9)
    #expect(abs(baselines.uniform.weighted! - (missed[1] / squares[1]).squareRoot()) < 1e-9)

    // Outputs of matrices put in place of the attention's, over both rows; the window by trying all of the grid.
    let (target, averaged, windowed): (Tensor, Tensor, Tensor) = withoutGradients {
      let operands = mixer.operands(input, for: .mixing)
      let values = mixer.values(operands).transposed(1, 2)
      let average = Tensor.ones([13, 13], .float64).lowerTriangle()
      let shares = average / average.sum(over: 1, keep: true)
      let heads = (0..<4).map { head -> Tensor in
        let (own, context) = (
          values.selected(1, head), mixer.matrix(operands).selected(1, head).matmul(values.selected(1, head))
        )
        let tries = ContextFit.decays.map { decay -> (Tensor, Double) in
          let window = ExponentialWindow.matrix(decay, 13).matmul(own)
          let scale = (window * context).sum().item() / (window * window).sum().item()
          return (window * scale, (window * scale - context).square().sum().item())
        }
        return tries.min { $0.1 < $1.1 }!.0
      }
      let all = Tensor.stacked(heads, 2)
      return (mixer(input), mixer.output(shares.matmul(values).transposed(1, 2), input), mixer.output(all, input))
    }
    func error(_ found: Tensor) -> Double {
      ((found - target).square().sum().item() / target.square().sum().item()).squareRoot()
    }
    #expect(abs(baselines.uniform.output! - error(averaged)) < 1e-9)
    #expect(abs(baselines.window.output! - error(windowed)) < 1e-9)
    #expect(second.length == 13)
    // A window that is scaled by least squares is never worse than one of zeros.
    #expect(baselines.window.matrix! <= 1 && baselines.window.weighted! <= 1)
  }

  @Test func aHeadThatIsAWindowIsFoundAgain() {
    let values = RandomGenerator(seed: 4).normal([2, 70, 2, 3], .float64)
    let (decays, length) = ([0.7, 0.98], 70)
    let mixed = ExponentialWindow.mixed(values, decays)
    for head in 0..<2 {
      let wanted = ExponentialWindow.matrix(decays[head], length).matmul(values.selected(2, head).contiguous())
      #expect((mixed.selected(2, head) - wanted).abs().max().item() < 1e-10)
      #expect(ExponentialWindow.matrix(decays[head], 4).selected(0, 3).doubles()[0] == pow(decays[head], 3))
    }
    var sums = WindowSums(heads: 2)
    func dot(_ a: Tensor, _ b: Tensor) -> [Double] { (a * b).sum(over: 0, 1, 3).doubles() }
    sums.add(target: dot(mixed * 3, mixed * 3))
    for (index, decay) in ContextFit.decays.enumerated() {
      let window = ExponentialWindow.mixed(values, [decay, decay])
      sums.add(index, cross: dot(window, mixed * 3), own: dot(window, window))
    }
    #expect(sums.best.map(\.decay) == decays && sums.best.allSatisfy { abs($0.scale - 3) < 1e-9 && $0.error! < 1e-6 })
  }

  @Test func memoryIsTheMeanDecayOfEveryHead() throws {
    let tiny = try TinyPair { $0.attentionLayers = [1] }
    let batches = [TinyPair.tokens(2, 8), TinyPair.tokens(1, 8)]
    let memory = MixerHalfLife.measure(tiny.pair, batches)
    #expect(memory[1] == nil && memory.count == 3)
    let mixer = try #require(tiny.student.blocks[2].mixer as? DiscreteMamba2)
    let entering = batches.map { inputs(tiny, $0, 2).narrowed(0, from: 0, length: 1) }
    for head in 0..<4 {
      var logarithms: [Double] = []
      for input in entering {
        for token in 0..<9 {
          let row = input.selected(0, 0).selected(0, token)
          let aLog = (mixer.aLogWeight.detached().selected(0, head) * row).sum().item()
          logarithms.append(log(1 / (1 + exp(aLog))))
        }
      }
      let mean = logarithms.reduce(0, +) / Double(logarithms.count)
      #expect(abs(memory[2]!.halfLives[head] / (log(0.5) / mean) - 1) < 1e-9)
      #expect(memory[2]!.skips[head] == mixer.skip.detached().doubles()[head])
    }
    let stock = try TinyPair(of: TinyPair.llama())
    #expect(MixerHalfLife.measure(stock.pair, batches).allSatisfy { $0?.halfLives.count == 4 })
    let windowed = try TinyPair { $0.window = 3 }
    #expect(MixerHalfLife.measure(windowed.pair, batches).allSatisfy { $0?.halfLives.count == 4 })
  }

  @Test(arguments: [4, 2]) func factsOfAttentionAreThoseOfAnObviousLoop(_ kvHeads: Int) throws {
    let tiny = try TinyPair(kvHeads: kvHeads)
    // One value is short, so that its column is quiet.
    withoutGradients { tiny.teacher.parameters["embedding.weight"]?.value.selected(0, 3).fill(0) }
    let batches = [TinyPair.tokens(2, 11), TinyPair.tokens(1, 11, below: 7)]
    let facts = try AttentionFacts.measure(tiny.teacher, batches)
    #expect(facts.tokens == 36 && facts.sequences == 3 && facts.layers.map(\.layer) == [0, 1, 2])
    for layer in [0, 2] {
      let entering = batches.map { inputs(tiny, $0, layer) }
      let mixer = try #require(tiny.teacher.blocks[layer].mixer as? Attention)
      let sequences = withoutGradients {
        [Written(mixer, entering[0]), Written(mixer, entering[0], row: 1), Written(mixer, entering[1])]
      }
      let scores: [Tensor] = withoutGradients {
        entering.map { input in
          let operands = mixer.operands(input, for: .matrix)
          return operands.q.matmul(operands.k.repeatedEach(4 / kvHeads, 1).transposed()) / 6.0.squareRoot()
        }
      }
      for head in 0..<4 {
        let found = facts.layers[layer].heads[head]
        let wanted = obvious(sequences, head)
        for (name, a, b) in [
          ("sink", found.sink, wanted.sink), ("look-back", found.lookBack, wanted.lookBack),
          ("without", found.lookBackWithoutFirst, wanted.lookBackWithoutFirst),
          ("entropy", found.entropy, wanted.entropy), ("diagonal", found.diagonal, wanted.diagonal),
          ("first", found.firstValue, wanted.firstValue), ("quiet", found.quietShare, wanted.quietShare),
        ] { #expect(abs(a - b) < 1e-9, "\(name) \(a) \(b)") }
        var all: [Double] = []
        for (batch, rows) in [(0, 2), (1, 1)] {
          for row in 0..<rows {
            for i in 0..<12 {
              for j in 0...i {
                all.append(scores[batch].selected(0, row).selected(0, head).selected(0, i).selected(0, j).item())
              }
            }
          }
        }
        let mean = all.reduce(0, +) / Double(all.count)
        let variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count - 1)
        #expect(abs(found.scoreDeviation! - variance.squareRoot()) < 1e-9)
      }
      #expect(facts.layers[layer].mean(\.sink)! > 0)
    }
    #expect(facts.layers.contains { $0.heads.contains { $0.quietShare > 0 } })
    let rows = withoutGradients { inputs(tiny, batches[0], 1) }
    let alone = AttentionBaselines.measure(tiny.teacher.blocks[1].mixer, [rows.narrowed(0, from: 0, length: 1)]) { $0 }
    let one = try AttentionFacts.measure(tiny.teacher, [batches[0].narrowed(0, from: 0, length: 1)]).layers[1]
    #expect(one.windowOutputError == alone.window.output && one.uniformMatrixError == alone.uniform.matrix)
    #expect(one.heads[2].windowMatrixError == alone.matrixWindows[2].error)
    #expect(throws: Error.self) { try AttentionFacts.measure(tiny.student, batches) }
  }

  private func obvious(_ sequences: [Written], _ head: Int) -> HeadFacts {
    var facts = HeadFacts()
    var (rest, restDistance, quiet, square) = (0.0, 0.0, 0.0, 0.0)
    for sequence in sequences {
      let (p, n) = (sequence.matrix[head], sequence.length)
      let lengths = (0..<n).map { sequence.length(head, $0) }
      let mean = lengths.reduce(0, +) / Double(n)
      for i in 0..<n {
        if i > 0 { facts.sink += p[i][0] / Double(n - 1) }
        facts.diagonal += p[i][i] / Double(n)
        for j in 0...i {
          facts.lookBack += p[i][j] * Double(i - j) / Double(n)
          if p[i][j] > 0 { facts.entropy -= p[i][j] * log(p[i][j]) / Double(n) }
          if j > 0 {
            rest += p[i][j]
            restDistance += p[i][j] * Double(i - j)
          }
          square += p[i][j] * p[i][j]
          if lengths[j] < mean / 2 { quiet += p[i][j] * p[i][j] }
        }
      }
      facts.firstValue += lengths[0] / (lengths.dropFirst().reduce(0, +) / Double(n - 1))
    }
    let count = Double(sequences.count)
    facts.sink /= count
    facts.diagonal /= count
    facts.lookBack /= count
    facts.entropy /= count
    facts.firstValue /= count
    facts.lookBackWithoutFirst = restDistance / rest
    facts.quietShare = quiet / square
    return facts
  }
}
