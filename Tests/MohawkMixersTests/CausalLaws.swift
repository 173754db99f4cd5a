import MohawkMixers
import MohawkTensor
import Testing

/// What mixers promise beside ``MixerLaw`` whose tokens come one after the other.
enum CausalLaw: String, CaseIterable, CustomTestStringConvertible {
  case triangle = "the matrix is exactly 0 above its diagonal"
  case causality = "a token does not change what comes before it"
  case pieces = "in pieces, token by token and at once are the same"
  case copies = "a copied state goes its own way"
  case memory = "the state's size is what it promises"

  var testDescription: String { rawValue }
}

/// One causal mixer under test, in fp64.
struct CausalLawSubject {
  let mixer: any CausalMixer
  let modelDim: Int

  /// Checks one law.
  /// - Parameter constantState: whether the state promises to stay as large as it began.
  func check(_ law: CausalLaw, constantState: Bool) {
    switch law {
    case .triangle: for length in [1, 2, 65] { matrixIsLowerTriangular(length) }
    case .causality: tokensDoNotChangeThePast(100)
    case .pieces:
      for pieces in [
        [1], [2], [1, 1], [63, 1], [1, 63], [64], [65], [64, 1], [1, 64], [1, 2, 63, 34], [3, 1, 1, 60, 35],
        [1, 63, 64, 65, 100, 707],
      ] { piecesAreTheWhole(pieces) }
      piecesAreTheWhole(Array(repeating: 1, count: 1000))
    case .copies: copiesGoTheirOwnWay()
    case .memory: stateSize(isConstant: constantState)
    }
  }

  private func input(_ length: Int, seed: UInt64 = 1) -> Tensor { MixerLaws.input(length, modelDim, seed: seed) }

  private func matrixIsLowerTriangular(_ length: Int) {
    withoutGradients {
      let x = input(length)
      let matrix = mixer.matrix(of: x)
      #expect(matrix.upperTriangle(1).abs().max().item() == 0)
    }
  }

  private func tokensDoNotChangeThePast(_ length: Int) {
    withoutGradients {
      let x = input(length)
      let output = mixer(x)
      for position in [1, 15, 16, 63, 64, length - 1] {
        let changed = x.copy()
        changed.narrowed(1, from: position, length: length - position).multiplyInPlace(-3)
        let other = mixer(changed)
        let past = other.narrowed(1, from: 0, length: position)
        #expect(past.isIdentical(to: output.narrowed(1, from: 0, length: position)), "token \(position)")
        #expect(other.selected(1, position).error(from: output.selected(1, position)) > 1e-3)
      }
    }
  }

  func piecesAreTheWhole(_ pieces: [Int]) {
    withoutGradients {
      let length = pieces.reduce(0, +)
      let x = input(length)
      let state = mixer.emptyState(batch: 2)
      #expect(state.position == 0)
      let outputs = x.split(pieces, 1).map { mixer.advance($0, state) }
      #expect(state.position == length)
      let pieceNames = pieces.count > 12 ? "\(pieces.count) pieces" : "\(pieces)"
      #expect(Tensor.concatenated(outputs, 1).error(from: mixer(x)) <= 1e-12, "\(pieceNames)")
      // What comes next depends on the whole past alike, also for a state that took it at once.
      let once = mixer.emptyState(batch: 2)
      #expect(mixer.advance(x, once).error(from: mixer(x)) <= 1e-12, "\(pieceNames)")
      let next = input(3, seed: 5)
      #expect(mixer.advance(next, state).error(from: mixer.advance(next, once)) <= 1e-12, "\(pieceNames)")
    }
  }

  private func copiesGoTheirOwnWay() {
    withoutGradients {
      for (seen, steps) in [(0, 3), (5, 1), (5, 4), (70, 1), (33, 40)] {
        let state = mixer.emptyState(batch: 2)
        if seen > 0 { _ = mixer.advance(input(seen), state) }
        let copy = state.copy()
        let second = copy.copy()
        let expected = mixer.advance(input(steps, seed: 3), state)
        // Two continuations in turn, so that anything they shared would be overwritten before it is read.
        let (mine, theirs) = (input(steps, seed: 3), input(steps, seed: 4))
        let outputs = (0..<steps).map { step in
          let output = mixer.advance(mine.narrowed(1, from: step, length: 1), second)
          _ = mixer.advance(theirs.narrowed(1, from: step, length: 1), copy)
          return output
        }
        #expect(Tensor.concatenated(outputs, 1).error(from: expected) <= 1e-12, "\(seen) + \(steps)")
        #expect(second.position == seen + steps && copy.position == seen + steps)
        if seen > 0 { #expect(second.byteCount == state.byteCount) }
      }
    }
  }

  private func stateSize(isConstant: Bool) {
    withoutGradients {
      let state = mixer.emptyState(batch: 2)
      let empty = state.byteCount
      var sizes: [Int] = []
      for length in [1, 1, 62, 100, 836] {
        _ = mixer.advance(input(length), state)
        sizes.append(state.byteCount)
      }
      if isConstant {
        #expect(empty > 0 && sizes.allSatisfy { $0 == empty }, "\(empty) bytes became \(sizes)")
      } else {
        #expect(empty < sizes[0] && sizes[0] < sizes[4], "\(empty) bytes became \(sizes)")
      }
      #expect(mixer.emptyState(batch: 4).byteCount == 2 * empty)
    }
  }
}
