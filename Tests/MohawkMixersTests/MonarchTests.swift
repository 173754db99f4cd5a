import MohawkTensor
import Testing

@testable import MohawkMixers

@Suite struct MonarchTests {
  private let random = RandomGenerator(seed: 1)

  private func factors(_ block: Int, _ reach: Int) -> CausalMonarch {
    CausalMonarch(
      own: random.normal([2, block, block], .float64), near: random.normal([2, block, block], .float64),
      far: random.normal([2, block, reach], .float64))
  }

  /// M_ij, number by number.
  @Test(arguments: [(1, 1, 1), (7, 3, 2), (24, 4, 9), (25, 4, 2), (9, 1, 4)])
  func theMatrixIsItsDefinition(_ length: Int, _ block: Int, _ reach: Int) {
    let monarch = factors(block, reach)
    let found = monarch.matrix(length: length)
    let (own, near, far) = (monarch.own.doubles(), monarch.near.doubles(), monarch.far.doubles())
    var wanted: [Double] = []
    for head in 0..<2 {
      for i in 0..<length {
        for j in 0..<length {
          let (r, c, distance) = (i % block, j % block, i / block - j / block)
          let inside = (head * block + r) * block + c
          if distance == 0 {
            wanted.append(c <= r ? own[inside] : 0)
          } else {
            let isSeen = distance > 0 && distance <= reach
            wanted.append(isSeen ? far[(head * block + r) * reach + distance - 1] * near[inside] : 0)
          }
        }
      }
    }
    #expect(found.doubles() == wanted)
  }

  @Test(arguments: [(4, 3), (5, 20), (1, 2)]) func sumsOfBlocksAreTheMatrix(_ block: Int, _ reach: Int) {
    let monarch = factors(block, reach)
    let x = random.normal([3, 2, 6 * block, 5], .float64)
    let cotangent = random.normal(x.shape, .float64)
    func run(_ form: (CausalMonarch, Tensor) -> Tensor) -> (y: Tensor, gradients: [Tensor?]) {
      let leaves = [monarch.own.leaf(), monarch.near.leaf(), monarch.far.leaf(), x.leaf()]
      let y = form(CausalMonarch(own: leaves[0], near: leaves[1], far: leaves[2]), leaves[3])
      return (y.detached(), (y * cotangent).sum().gradients(of: leaves))
    }
    let slow = run { $0.matrix(length: 6 * block).matmul($1) }
    let fast = run { $0($1, past: .zeros([3, 2, reach, block, 5], .float64)).y }
    #expect(fast.y.error(from: slow.y) < 1e-13)
    for (fast, slow) in zip(fast.gradients, slow.gradients) {
      guard let slow else {
        #expect(fast == nil)
        continue
      }
      #expect(fast!.error(from: slow) < 1e-13)
    }
  }
}
