import MohawkTensor
import Testing

@Suite struct GradientWatchTests {
  /// Three leaves, each of which enters after the one before, and one that has nothing to do with them.
  private func leaves() -> [Tensor] {
    let leaves = [numbers([0.5, -1]), numbers([2, 3]), numbers([1, -2]), numbers([4, 4])]
    for leaf in leaves { leaf.requiresGradient = true }
    return leaves
  }

  private func loss(_ leaves: [Tensor]) -> Tensor {
    let first = (numbers([0.3, 0.7]) * leaves[0]).tanh()
    return ((first * leaves[1]).tanh() * leaves[2] + leaves[1]).sum()
  }

  /// Whose gradient was complete, in this order, with its value, and which leaves had one then.
  private struct Note: Equatable {
    var leaf: Int
    var gradient: [Float]?
    var known: [Int]
  }

  private func notes(_ leaves: [Tensor], during body: () -> Void) -> [Note] {
    var notes: [Note] = []
    GradientWatch.tell(
      of: leaves,
      { leaf in
        let known = leaves.indices.filter { leaves[$0].gradient != nil }
        notes.append(Note(leaf: leaf, gradient: leaves[leaf].gradient?.floats(), known: known))
      }, during: body)
    return notes
  }

  @Test func gradientsAreToldWhileThePassGoesOnWithAllThatWasAddedToThem() {
    let leaves = leaves()
    let notes = notes(leaves) {
      loss(leaves).backward()
      let before = leaves.map(\.gradient)
      for leaf in leaves { leaf.gradient = nil }
      loss(leaves).backward(completes: .reached)
      for (leaf, gradient) in zip(leaves, before) where gradient != nil { #expect(leaf.gradient != nil) }
    }
    // The second leaf is used at two places, and told once, when both are there.
    #expect(notes.map(\.leaf) == [2, 1, 0])
    #expect(notes.map(\.known) == [[2], [1, 2], [0, 1, 2]])
    for note in notes { #expect(note.gradient == leaves[note.leaf].gradient?.floats()) }
  }

  @Test func theLastPassTellsFirstWhatItDoesNotReach() {
    let leaves = leaves()
    let notes = notes(leaves) {
      (leaves[3] * 2).sum().backward()
      loss(leaves).backward(completes: .all)
    }
    #expect(notes.map(\.leaf) == [3, 2, 1, 0] && notes[0].gradient == [2, 2] && notes[0].known == [3])
  }

  @Test func otherPassesCompleteNothing() {
    let leaves = leaves()
    #expect(notes(leaves) { loss(leaves).backward() } == [])
    #expect(notes(leaves) { leaves[3].sum().backward(completes: .reached) }.map(\.leaf) == [3])
    // Nobody waits any more.
    loss(leaves).backward(completes: .all)
    expectClose(leaves[3].gradient!, [1, 1])
  }

  @Test func aLeafMayBeAllThereIs() {
    let leaf = numbers([1])
    leaf.requiresGradient = true
    #expect(
      notes([leaf]) { leaf.backward(numbers([5]), completes: .all) } == [Note(leaf: 0, gradient: [5], known: [0])])
  }

  @Test func whatChangesACompleteGradientTraps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let leaf = numbers([1, 2])
      leaf.requiresGradient = true
      GradientWatch.tell(of: [leaf], { _ in }) {
        leaf.sum().backward(completes: .reached)
        leaf.sum().backward()
      }
    }
    TrapTests().expectMessage(result, "changes after it was complete")
  }
}
