import MohawkDecoding
import MohawkModels
import MohawkTensor

/// A student beside its teacher on the same text.
public struct Comparison: Sendable, Equatable {
  /// How well the teacher predicts.
  public var teacher = Perplexity()
  /// How well the student predicts.
  public var student = Perplexity()
  private var divergence = 0.0
  private var agreeing = 0

  /// Nothing compared yet.
  public init() {}

  /// Mean of KL(teacher ‖ student) over positions, in nats.
  public var kl: Double { divergence / Double(student.tokens) }
  /// The fraction of positions at which both find the same token most likely.
  public var agreement: Double { Double(agreeing) / Double(student.tokens) }

  /// Adds the windows [batch, length + 1].
  public mutating func add(
    teacher teacherModel: any LanguageModel, student studentModel: any LanguageModel, _ windows: Tensor
  ) {
    add(teacher: teacherModel, student: studentModel, windows, sliced: LogitSlices.elements)
  }

  mutating func add(
    teacher teacherModel: any LanguageModel, student studentModel: any LanguageModel, _ windows: Tensor,
    sliced elements: Int
  ) {
    withoutGradients {
      let length = windows.size(1) - 1
      let ids = windows.narrowed(1, from: 0, length: length)
      let targets = windows.narrowed(1, from: 1, length: length).reshaped(-1)
      let teachers = teacherModel.normalise(teacherModel.hidden(ids)).reshaped(-1, teacherModel.modelDim)
      let students = studentModel.normalise(studentModel.hidden(ids)).reshaped(-1, studentModel.modelDim)
      LogitSlices.forEach(studentModel, students, elements) { logits, first in
        let rows = logits.size(0)
        add(
          teacherModel.head(teachers.narrowed(0, from: first, length: rows)), logits,
          targets.narrowed(0, from: first, length: rows))
      }
    }
  }

  /// Adds the windows [batch, length + 1] as an engine reads them, in its own precision: rounded matrices, and what they
  /// are multiplied with rounded as well.
  mutating func add(teacher teacherModel: any LanguageModel, student engine: DecodingEngine, _ windows: Tensor) {
    withoutGradients {
      let length = windows.size(1) - 1
      for row in 0..<windows.size(0) {
        let window = windows.narrowed(0, from: row, length: 1)
        let ids = window.narrowed(1, from: 0, length: length)
        let hidden = teacherModel.normalise(teacherModel.hidden(ids)).reshaped(-1, teacherModel.modelDim)
        let read = ids.reshaped(-1).integers().map(Int32.init)
        let state = engine.emptyState()
        let size = max(1, LogitSlices.elements / engine.vocabulary)
        for first in stride(from: 0, to: length, by: size) {
          let rows = min(size, length - first)
          add(
            teacherModel.head(hidden.narrowed(0, from: first, length: rows)),
            engine.read(Array(read[first..<first + rows]), state, logits: rows),
            window.narrowed(1, from: first + 1, length: rows).reshaped(-1))
        }
      }
    }
  }

  /// Adds positions with the logits of both [rows, vocabulary] and the ids that came next [rows].
  private mutating func add(_ teachers: Tensor, _ students: Tensor, _ targets: Tensor) {
    let theirs = teachers.to(students.dtype).logSoftmax(-1)
    let mine = students.logSoftmax(-1)
    let index = targets.unsqueezed(-1)
    teacher.negativeLogLikelihood -= theirs.gathered(-1, index).sum().item()
    student.negativeLogLikelihood -= mine.gathered(-1, index).sum().item()
    divergence += (theirs.exp() * (theirs - mine)).sum().item()
    agreeing += theirs.argmax(-1).equals(mine.argmax(-1)).to(.int64).sum().intItem()
    teacher.tokens += students.size(0)
    student.tokens += students.size(0)
  }

  /// Compares both on all batches of windows, each [batch, length + 1].
  public static func measure(
    teacher: any LanguageModel, student: any LanguageModel, _ batches: [Tensor]
  ) -> Comparison {
    batches.reduce(into: Comparison()) { $0.add(teacher: teacher, student: student, $1) }
  }

  /// Compares a model with an engine, such as one of its own rounded weights, on all batches of windows.
  public static func measure(
    teacher: any LanguageModel, student: DecodingEngine, _ batches: [Tensor]
  ) -> Comparison {
    batches.reduce(into: Comparison()) { $0.add(teacher: teacher, student: student, $1) }
  }
}
