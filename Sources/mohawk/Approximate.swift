import ArgumentParser
import Foundation
import MohawkCommands
import MohawkFiles
import MohawkModels
import MohawkReports
import MohawkRuns
import MohawkTensor
import MohawkText

/// Measures which structured matrices can imitate a model's heads.
struct Approximate: ParsableCommand, HasModelPaths {
  static let configuration = CommandConfiguration(
    abstract: "Fits structured matrices to a model's mixing matrices: Toeplitz, Monarch, low rank, SSD, semiseparable.",
    discussion: """
      Which mixers could imitate the model's heads, and with how large a state: the approximation study of the MOHAWK paper, \
      beside uniform averaging and the best single window. See Documentation/studies.md.
      """)

  @Argument(help: "A model: a folder or a GGUF file.") var model: String
  @Option(help: "Texts to read; the built-in stories when not given.") var data: [String] = []
  @Option(help: "Layers from 0, such as 3 or 0,3,7, or all.") var layer = "all"
  @Option(help: "Heads of each layer, spread evenly.") var heads = 1
  @Option(help: "How many texts.") var texts = 4
  @Option(help: "Tokens of a text.") var length = 128
  @Option(help: "Orders: columns of the factors, numbers of state.") var orders = "8,16,32,64"
  @Flag(help: "Multiplies columns by the lengths of their values, so that sinks do not count.") var weighted = false
  @Option(help: "Steps of gradient descent for low rank and SSD.") var steps = 1000
  @Option(help: "Seed of its beginning.") var seed: UInt64 = 1
  @OptionGroup var place: DeviceFlags
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @Option(name: .shortAndLong, help: "Folder for approximation.html and approximation.json.") var output: String?
  var modelPaths: [WritableKeyPath<Self, String>] { [\.model] }

  func run() throws {
    try Threads.use(threads)
    guard (2...2048).contains(length), (1...256).contains(texts), (1...100_000).contains(steps) else {
      throw MohawkError(
        .invalidValue, "--length \(length), --texts \(texts) and --steps \(steps) are not what can be computed",
        remedy: "use lengths from 2 to 2048, 1 to 256 texts, and 1 to 100000 steps")
    }
    var study = ApproximationStudy()
    study.orders = try Self.numbers(orders, "--orders")
    (study.heads, study.isWeighted, study.search.steps, study.search.seed) = (heads, weighted, steps, seed)
    let device = try place.opened()
    let decoder = try Decoder.open(model, computing: .float32, on: device)
    decoder.freeze()
    if let longest = decoder.maxLength, longest < length {
      throw MohawkError(
        .outOfRange, "the model looks at \(longest) tokens at most", at: "--length", remedy: "give a smaller length")
    }
    let text = try HeldOutText(
      data, try Tokenizer(folder: model), length: length, tokens: length * texts, vocabulary: decoder.vocabulary)
    for notice in text.notices { Terminal.complain(notice) }
    let rows = Tensor.concatenated(text.windows, 0)
    guard rows.size(0) >= texts else {
      throw MohawkError(
        .invalidValue, "the text has \(rows.size(0)) pieces of \(length) tokens, not \(texts)", at: data.first,
        remedy: "give more text, or fewer --texts")
    }
    let ids = rows.narrowed(0, from: 0, length: texts).narrowed(1, from: 0, length: length).to(on: device)
    let layers = layer == "all" ? Array(decoder.blocks.indices) : try Self.numbers(layer, "--layer").sorted()
    let name = URL(fileURLWithPath: model).lastPathComponent
    let report = try study.run(decoder, name: name, ids, layers: layers) { Terminal.complain("fitting \($0)") }
    Terminal.say(report.table.text)
    Terminal.say(ApproximationReport.note)
    guard let output else { return }
    try AtomicFolder.ensure(output)
    try AtomicFile.write(report.html, to: output + "/approximation.html")
    try RunReport.save(report, as: "approximation.json", in: output)
    Terminal.say("\nThe page is \(output)/approximation.html, the numbers are in approximation.json beside it")
  }

  private static func numbers(_ text: String, _ option: String) throws -> [Int] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let numbers = parts.compactMap { $0 }
    guard !numbers.isEmpty, numbers.count == parts.count, Set(numbers).count == numbers.count,
      numbers.allSatisfy({ $0 >= 0 })
    else {
      throw MohawkError(.invalidValue, "\(option) is '\(text)'", remedy: "use numbers such as 3 or 0,3,7")
    }
    return numbers
  }
}
