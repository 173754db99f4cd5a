import Foundation
import MohawkEvaluation
import MohawkFiles

/// `samples_*.jsonl`: the documents of a task with what a model said to each, in the shape of lm_eval's.
enum SampleFile {
  private struct Line: Encodable {
    let document: Int
    let target: Int
    let arguments: [String: [String: String]]
    let responses: [[[Answer]]]
    let filtered: [[Answer]]

    enum CodingKeys: String, CodingKey {
      case target, arguments
      case document = "doc_id"
      case responses = "resps"
      case filtered = "filtered_resps"
    }
  }

  /// A number or a truth value.
  private enum Answer: Encodable {
    case number(Double)
    case truth(Bool)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .number(let value): try container.encode(value)
      case .truth(let value): try container.encode(value)
      }
    }
  }

  static func write(_ samples: [TaskSample], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    var text = Data()
    for sample in samples {
      let answers = sample.answers.map { [Answer.number($0.logProbability), .truth($0.isGreedy)] }
      var arguments: [String: [String: String]] = [:]
      for (index, pair) in sample.arguments.enumerated() {
        arguments["gen_args_\(index)"] = ["arg_0": pair.context, "arg_1": pair.continuation]
      }
      text += try encoder.encode(
        Line(
          document: sample.document, target: sample.target, arguments: arguments, responses: answers.map { [$0] },
          filtered: answers))
      text.append(0x0A)
    }
    try AtomicFile.write(text, to: path)
  }
}
