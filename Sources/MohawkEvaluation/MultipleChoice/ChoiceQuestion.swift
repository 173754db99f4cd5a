/// A question as it is put to a model: how likely is each of some continuations?
///
/// Texts are UTF-8 bytes, because the tokens of a text are those of its bytes.
struct ChoiceQuestion: Equatable {
  /// One continuation after its context.
  struct Request: Equatable {
    var context: [UInt8]
    let continuation: [UInt8]
  }

  /// One for each choice.
  var requests: [Request]
  /// The right choice.
  let gold: Int
  /// Characters of each choice, by which log-likelihoods are divided for `acc_norm`.
  let lengths: [Int]
  /// The question with its right answer, as an example before another question.
  let solved: [UInt8]
}

/// What is made of the likelihoods of a task's questions.
enum ChoiceMeasure: Equatable {
  /// The share of questions whose right choice is the likeliest; with `normalised` also by likelihood per character.
  case accuracy(normalised: Bool)
  /// The perplexity of the only continuation, and the share of those that greedy generation would give.
  case lastWord
}

/// A task in the shape of lm_eval 0.4.13: which fields a document has, and how they become a question.
struct ChoiceFormat: Sendable {
  /// The name in lm_eval.
  let name: String
  /// lm_eval's version of the task.
  let version: Double
  /// What is measured.
  let measure: ChoiceMeasure
  /// Whether an example must not be the question itself: lm_eval takes care of that for tasks without a test split.
  let examplesSkipQuestion: Bool
  /// Whether examples come from the evaluated file itself when no other is given.
  let examplesFromItself: Bool
  /// The question in a document.
  let question: @Sendable (TaskDocument) throws -> ChoiceQuestion

  /// Every task, in the order in which they are listed.
  static let all: [ChoiceFormat] = [
    lambada("lambada_openai"), lambada("lambada_standard"), hellaSwag, piqa, arc("arc_easy"), arc("arc_challenge"),
    winogrande,
  ]
}
