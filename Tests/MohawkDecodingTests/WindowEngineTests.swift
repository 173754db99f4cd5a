import MohawkFiles
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDecoding

/// Decoding with a window of attention beside recurrent mixers.
@Suite(.serialized) struct WindowEngineTests {
  static let ids: [Int32] = (0..<70).map { Int32($0 * $0 * 11 % 50) }
  static let models = [EngineModels.besideWindow, .besideWindowAlone]

  init() { Runtime.threads = 1 }

  @Test(arguments: models) func aWindowThatIsOffDecodesByTheRecurrentPartAlone(_ kind: EngineModels) throws {
    let on = kind.engine()
    let withWindow = on.whole(Self.ids)
    let off = try kind.engine().withWindowsOff()
    let alone = off.whole(Self.ids)
    #expect(alone.error(from: withWindow) > 1e-3)
    let state = off.emptyState()
    for (place, id) in Self.ids.enumerated() {
      let logits = off.step([id], [state])
      #expect(logits.error(from: alone.narrowed(0, from: place, length: 1)) < 1e-5)
    }
    let rounded = kind.engine().model
    let int8 = try DecodingEngine(rounded, weights: .int8).withWindowsOff()
    #expect(int8.read(Self.ids, int8.emptyState(), logits: 70).error(from: alone) < 0.1)
  }

  @Test func aModelWithoutWindowHasNoneToTurnOff() {
    let error = #expect(throws: MohawkError.self) { _ = try EngineModels.phiMamba.engine().withWindowsOff() }
    #expect(error?.message.contains("no window") == true)
  }

  @Test func aStateStaysAsLargeAsItBegan() {
    let engine = EngineModels.besideWindowAlone.engine()
    let state = engine.emptyState()
    let empty = state.byteCount
    for count in [1, 5, 30, 70, 70, 1] {
      _ = engine.read(Array(Self.ids.prefix(count)), state)
      #expect(state.byteCount == empty)
    }
  }

  /// What libtorch reads, the native decoder continues, and the other way round, also where the ring has gone round.
  @Test(arguments: models) func nativeAndPlainReadsContinueEachOther(_ kind: EngineModels) {
    let engine = kind.engine()
    let text = Self.ids + Self.ids.reversed().prefix(50)
    let all = engine.whole(text)
    let (native, plain) = (engine.emptyState(), engine.emptyState())
    var first = 0
    for count in [3, 1, 17, 2, 40, 1, 1, 55] {
      let part = Array(text[first..<first + count])
      let row = Tensor(part.map(Int64.init), shape: [1, count])
      // In turn by one and by the other.
      let (mine, theirs) = first.isMultiple(of: 2) ? (native, plain) : (plain, native)
      let stepped = part.map { engine.step([$0], [mine]).copy() }
      let read = withoutGradients { engine.model.advance(row, theirs, logits: count).squeezed(0) }
      let wanted = all.narrowed(0, from: first, length: count)
      #expect(Tensor.concatenated(stepped, 0).error(from: wanted) < 1e-5, "\(count) tokens at \(first)")
      #expect(read.error(from: wanted) < 1e-5, "\(count) tokens at \(first)")
      first += count
    }
    #expect(first == 120)
  }
}
