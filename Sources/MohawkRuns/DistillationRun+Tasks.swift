import MohawkEvaluation
import MohawkModels
import MohawkText

extension DistillationRun {
  /// The recipe's tasks, read and checked; nil when it names none.
  func tasks() throws -> TaskEvaluation? {
    guard !recipe.evaluation.tasks.isEmpty else { return nil }
    var options = TaskOptions()
    options.limit = recipe.evaluation.limit
    options.seed = recipe.seed
    return TaskEvaluation(try EvaluationTask.all(recipe.evaluation.tasks, options), limit: options.limit)
  }

  /// Puts tasks to the finished student and to its teacher, and writes what they reached into the run's folder.
  func put(
    _ tasks: TaskEvaluation, to student: Decoder, _ teacher: Decoder, at teacherPath: String, _ tokenizer: Tokenizer
  ) throws {
    settings.notice("putting tasks to teacher and student")
    var tasks = tasks
    tasks.folder = folder.path
    // Both are shown as much text at once, whatever the student could look at.
    let window = EvaluatedModel.window(of: teacherPath)
    func contestant(_ model: Decoder, _ path: String) throws -> TaskEvaluation.ModelUnderTest {
      .init(
        try EvaluatedModel(model, tokenizer, window: window.map { min($0, model.maxLength ?? .max) }), folder: path,
        precision: recipe.precision.rawValue)
    }
    _ = try tasks.run(student: contestant(student, folder.model), teacher: contestant(teacher, teacherPath))
  }
}
