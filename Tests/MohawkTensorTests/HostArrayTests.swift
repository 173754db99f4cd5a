import Foundation
import Testing

@testable import MohawkTensor

/// Arrays in memory that libtorch does not know of yet have the views and copies that its tensors have.
@Suite struct HostArrayTests {
  private static let numbers = (0..<24).map { Float($0) * 0.5 - 3 }
  private static let shape = [2, 3, 4]

  private var array: HostArray {
    Self.numbers.withUnsafeBytes { HostArray(copying: $0, Self.shape, .float32) }
  }

  private static let views:
    [(name: String, host: @Sendable (HostArray) -> HostArray?, torch: @Sendable (Tensor) -> Tensor)] =
      [
        ("narrowed", { $0.narrowed(1, from: 1, length: 2) }, { $0.narrowed(1, from: 1, length: 2) }),
        ("narrowed from the end", { $0.narrowed(-1, from: 2, length: 1) }, { $0.narrowed(-1, from: 2, length: 1) }),
        ("nothing", { $0.narrowed(0, from: 2, length: 0) }, { $0.narrowed(0, from: 2, length: 0) }),
        ("transposed", { $0.transposed(0, 2) }, { $0.transposed(0, 2) }),
        ("last two", { $0.transposed(-2, -1) }, { $0.transposed() }),
        ("unsqueezed", { $0.unsqueezed(1) }, { $0.unsqueezed(1) }),
        ("unsqueezed at the end", { $0.unsqueezed(-1) }, { $0.unsqueezed(-1) }),
        ("not squeezed", { $0.squeezed(1) }, { $0.squeezed(1) }),
        ("reshaped", { $0.reshaped([4, 6]) }, { $0.reshaped(4, 6) }),
        (
          "repeated", { $0.narrowed(1, from: 2, length: 1)?.expanded([2, 5, 4]) },
          { $0.narrowed(1, from: 2, length: 1).expanded(2, 5, 4) }
        ),
        (
          "squeezed and transposed", { $0.narrowed(1, from: 0, length: 1)?.squeezed(1)?.transposed(0, 1) },
          { $0.narrowed(1, from: 0, length: 1).squeezed(1).transposed() }
        ),
      ]

  @Test func viewsAreThoseOfLibtorch() throws {
    let tensor = Tensor.full(Self.shape, 1) * Tensor(Self.numbers, shape: Self.shape)
    #expect(tensor.host == nil)
    for view in Self.views {
      let host = try #require(view.host(array), "\(view.name)")
      let torch = view.torch(tensor)
      #expect(host.shape == torch.shape && host.isContiguous == torch.isContiguous, "\(view.name)")
      // The copy of the host, and the memory as libtorch reads it through the strides.
      let copy = try #require(host.copied())
      #expect(Tensor(copy).floats() == torch.floats() && copy.isContiguous, "\(view.name)")
      let lent = Tensor(host)
      _ = lent.handle
      #expect(lent.host == nil && lent.floats() == torch.floats(), "\(view.name)")
    }
  }

  @Test func whatIsNoViewIsLeftToLibtorch() {
    #expect(array.narrowed(1, from: 2, length: 2) == nil && array.narrowed(3, from: 0, length: 1) == nil)
    #expect(array.squeezed(3) == nil && array.unsqueezed(4) == nil && array.transposed(0, 3) == nil)
    #expect(array.expanded([2, 4, 4]) == nil && array.expanded([3, 4]) == nil)
    #expect(array.reshaped([5, 5]) == nil && array.transposed(0, 1)?.reshaped([24]) == nil)
  }

  @Test func aViewAndLibtorchShareTheMemory() throws {
    let whole = Tensor(array)
    let row = whole.narrowed(0, from: 1, length: 1)
    #expect(row.host != nil)
    whole.fill(7)  // libtorch has it from here on
    #expect(whole.host == nil && row.host != nil && row.floats().allSatisfy { $0 == 7 })
    row.fill(8)
    #expect(whole.floats() == Array(repeating: 7, count: 12) + Array(repeating: 8, count: 12))
  }

  @Test func numbersAreAssignedThroughViews() throws {
    let target = HostArray(zeros: [2, 5, 4], .float32)
    let middle = try #require(target.narrowed(1, from: 1, length: 3))
    #expect(middle.assign(array))
    let found = Tensor(target).floats()
    #expect(Array(found[4..<16]) == Array(Self.numbers[..<12]) && found[..<4].allSatisfy { $0 == 0 })
    #expect(Array(found[24..<36]) == Array(Self.numbers[12...]) && found[36...].allSatisfy { $0 == 0 })
    #expect(
      !middle.assign(HostArray(zeros: [2, 3, 4], .float64)) && !middle.assign(HostArray(zeros: [2, 3], .float32)))
  }

  @Test func brainFloatsAreWidenedExactly() throws {
    let numbers = Tensor(Self.numbers.map { $0 * 1.37 } + [.infinity, -0, .leastNormalMagnitude / 16]).to(.bfloat16)
    let host = numbers.withBytes { HostArray(copying: $0, [27], .bfloat16) }
    let wide = try #require(host.converted(to: .float32))
    #expect(Tensor(wide).floats().map(\.bitPattern) == numbers.to(.float32).floats().map(\.bitPattern))
    #expect(host.converted(to: .float64) == nil && array.converted(to: .bfloat16) == nil)
  }

  @Test func arraysAreJoinedAlongTheFirstDimension() throws {
    let other = try #require(array.narrowed(0, from: 1, length: 1))
    let joined = try #require(HostArray.concatenated([array, other]))
    #expect(joined.shape == [3, 3, 4] && Tensor(joined).floats() == Self.numbers + Self.numbers[12...])
    #expect(HostArray.concatenated([array, HostArray(zeros: [1, 3, 5], .float32)]) == nil)
  }

  @Test func theOwnerLivesAsLongAsAnyView() {
    final class Owner {
      let bytes = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 64)
      deinit { bytes.deallocate() }
    }
    weak var owner: Owner?
    var view: Tensor?
    do {
      let own = Owner()
      owner = own
      own.bytes.initializeMemory(as: Float.self, repeating: 3, count: 4)
      let whole = Tensor.borrowing(
        UnsafeRawBufferPointer(start: own.bytes, count: 16), shape: [4], dtype: .float32, owner: own)
      view = whole.narrowed(0, from: 2, length: 2)
      _ = whole.handle
    }
    #expect(owner != nil && view?.floats() == [3, 3])
    view = nil
    #expect(owner == nil)
  }
}
