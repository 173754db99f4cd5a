import ArgumentParser
import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkTensor

/// The options from which every long command makes its recipe.
struct RecipeOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: """
      A named recipe (mohawk recipes) or a YAML or JSON file. (default: published where --teacher names one, else demo)
      """)
  var recipe: String?

  @Option(name: .customLong("set"), help: "Sets one value, such as stage2.learningRate=1e-3. May be repeated.")
  var assignments: [String] = []

  @Option(help: "Text to train on: .txt, .md, .jsonl, .json, all also .gz or .zst, .parquet, folders, or token shards.")
  var data: [String] = []

  @Option(help: "The member of JSON objects that holds a document's text. (default: text)")
  var textKey: String?

  @Option(
    help:
      "all, or answers: the losses of stage 3 and of pretraining count what the assistant writes only. (default: all)")
  var lossOn: LossTokens?

  @Option(help: "Held-out text.")
  var validation: [String] = []

  @Option(help: "A tokenizer.json.")
  var tokenizer: String?

  @Flag(help: "Takes a tokenizer that is not the teacher's.")
  var allowForeignTokenizer = false

  @Option(help: "Threads; all cores when not given.")
  var threads: Int?

  @Option(help: "fp32 or bf16.")
  var precision: String?

  @Option(help: "cpu, cuda or cuda:<index>.")
  var device: String?

  @Option(help: "Seed of everything random.")
  var seed: UInt64?

  /// The recipe with all options laid over it.
  /// - Parameters:
  ///   - more: further assignments.
  ///   - teacher: the teacher's folder, known before the recipe is checked, since the shape of the recipe's own model
  ///     does not matter then.
  ///   - tokens: a total for the stages, as it was written.
  func resolved(_ more: [String] = [], teacher: String? = nil, tokens: String? = nil) throws -> Recipe {
    var all = assignments + more
    if let teacher { all.append("teacher=\(try Self.quoted(teacher))") }
    if let threads { all.append("threads=\(threads)") }
    if let precision { all.append("precision=\(precision)") }
    if let device { all.append("device=\(device)") }
    if let seed { all.append("seed=\(seed)") }
    var recipe = try RecipeLoader.load(self.recipe ?? (teacher == nil ? "demo" : "published"), set: all)
    if let tokens {
      let total = try Self.count(tokens)
      guard total > 0 else {
        throw MohawkError(.invalidValue, "--tokens is \(total)", remedy: "give a number above 0, such as 300k")
      }
      recipe.divide(tokens: total)
    }
    if !data.isEmpty { recipe.data.train = data }
    if !validation.isEmpty { recipe.data.validation = validation }
    if let tokenizer { recipe.data.tokenizer = tokenizer }
    if let textKey { recipe.data.textKey = textKey }
    if let lossOn { recipe.data.lossOn = lossOn }
    if allowForeignTokenizer { recipe.data.foreignTokenizer = true }
    try recipe.validate()
    return recipe
  }

  /// The stage that `--from` names.
  static func stage(_ text: String?) throws -> StageName? {
    guard let text else { return nil }
    guard let stage = StageName(text: text) else {
      throw MohawkError(
        .invalidValue, "--from is '\(text)'",
        remedy: "use \(StageName.allCases.map(\.rawValue).joined(separator: ", ")), or stage1, stage2, stage3")
    }
    return stage
  }

  /// A number of tokens, written as in recipes.
  static func count(_ text: String) throws -> Int {
    guard let number = Int(count: text), number >= 0 else {
      throw MohawkError(.invalidValue, "--tokens is '\(text)'", remedy: "use a number such as 200000, 200k or 2M")
    }
    return number
  }

  /// The seconds of `--within`; nil without it.
  static func seconds(_ within: String?, insteadOf tokens: String?) throws -> Double? {
    guard let within else { return nil }
    if tokens != nil {
      throw MohawkError(.invalidValue, "--within and --tokens both set the budgets", remedy: "leave out one of them")
    }
    guard let span = TimeSpan(within) else {
      throw MohawkError(.invalidValue, "--within is '\(within)'", remedy: "use a time such as 90m, 1h30m or 2d")
    }
    return span.seconds
  }

  /// A text as YAML, which reads JSON's.
  static func quoted(_ text: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(text), as: UTF8.self)
  }
}
