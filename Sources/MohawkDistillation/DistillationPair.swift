import MohawkFiles
import MohawkModels
import MohawkTensor

/// A frozen teacher and the student that learns from it, layer by layer alike.
public struct DistillationPair {
  /// Frozen.
  public let teacher: any LanguageModel
  /// The same geometry with other mixers.
  public let student: any LanguageModel
  /// The student's parameters that began as the teacher's weights, by name: `copiedRate` is theirs.
  public var copied: Set<String> = []

  /// The only layers that are compared and trained here, where processes divide them; nil for all.
  public var layers: Set<Int>?

  /// Checks that the two fit layer by layer, freezes the teacher and keeps its matrices in the type that it computes in.
  /// - Throws: `MohawkError` naming the first thing in which they differ.
  public init(teacher: any LanguageModel, student: any LanguageModel) throws {
    func same(_ what: String, _ a: Int, _ b: Int) throws {
      guard a == b else {
        throw MohawkError(
          .mismatch, "teacher and student differ in \(what): \(a) and \(b)",
          remedy: "MOHAWK compares them layer by layer, so build the student from the teacher's geometry")
      }
    }
    try same("layers", teacher.blocks.count, student.blocks.count)
    try same("width", teacher.modelDim, student.modelDim)
    try same("vocabulary rows", teacher.vocabulary, student.vocabulary)
    self.teacher = teacher
    self.student = student
    teacher.freeze()
    teacher.materialize()
  }

  /// Layers in which nothing is compared: the student keeps the teacher's mixer, kind and geometry, or they are left to
  /// another process.
  public var keptLayers: Set<Int> {
    Set(
      student.blocks.indices.filter {
        student.blocks[$0].mixer.mixesLike(teacher.blocks[$0].mixer) || layers?.contains($0) == false
      })
  }

  /// Whether a student's mixer stands for a whole block of the teacher, MLP and all.
  public func replacesWholeBlock(_ layer: Int) -> Bool { teacher.blocks[layer].hasMLP && !student.blocks[layer].hasMLP }

  /// Whether every layer that is compared has one matrix for each of the teacher's.
  public var hasEqualHeads: Bool {
    student.blocks.indices.allSatisfy { layer in
      keptLayers.contains(layer) || teacher.blocks[layer].mixer.heads == student.blocks[layer].mixer.heads
    }
  }

  /// Where matrices are compared, each of the teacher's stands for as many of the student's in a row: one, or all
  /// channels of a head where a student has a matrix for each channel.
  public func requireComparableHeads() throws {
    for index in student.blocks.indices where !keptLayers.contains(index) {
      let (a, b) = (teacher.blocks[index].mixer.heads, student.blocks[index].mixer.heads)
      guard b.isMultiple(of: a) else {
        throw MohawkError(
          .mismatch, "in layer \(index) the teacher has \(a) matrices and the student \(b)",
          remedy: "give the student as many v heads as the teacher has heads, or leave out stage orientation")
      }
    }
  }
}
