import ArgumentParser
import Foundation
import MohawkCommands
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkRuns
import MohawkTensor
import MohawkText

/// Shows the matrices by which models mix a text.
struct Show: ParsableCommand, HasModelPaths {
  static let configuration = CommandConfiguration(
    abstract: "Shows mixing matrices over a text: heat maps, singular values, how far each head looks.",
    discussion: """
      Of a run's folder: teacher, student and their difference. Of a model: its own, or beside those of --teacher. In the
      terminal one head is drawn; --output writes a page and pictures of all of them.
      """)

  @Argument(help: "A run's folder, or a model: a folder or a GGUF file.") var model: String
  @Option(help: "The teacher to stand beside the model.") var teacher: String?
  @Option(help: "The text to read; a built-in story when not given.") var text: String?
  @Option(help: "Tokens of the text at most.") var tokens = 128
  @Option(help: "Layers from 0, such as 3 or 0,3,7, or all. (default: the middle one)") var layer: String?
  @Option(help: "The head that is drawn in the terminal, from 0.") var head = 0
  @OptionGroup var place: DeviceFlags
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @Option(name: .shortAndLong, help: "Folder for show.html, show.json and PNG pictures.") var output: String?
  var modelPaths: [WritableKeyPath<Self, String>] { [\.model] }
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.teacher] }

  func run() throws {
    try Threads.use(threads)
    let device = try place.opened()
    let places = try self.places()
    let models = try places.map { (name: $0.name, model: try Decoder.open($0.path, computing: .float32, on: device)) }
    let tokenizer = try Tokenizer(folder: places[0].path)
    if places.count == 2 {
      let theirs = try Tokenizer(folder: places[1].path)
      guard theirs.fingerprint == tokenizer.fingerprint else {
        throw MohawkError(
          .mismatch, "teacher and student have different tokenizers", at: places[1].path,
          remedy: "show a student beside the teacher that it was distilled from, or alone")
      }
    }
    let ids = try read(tokenizer, longest: models.compactMap(\.model.maxLength).min())
    let layers = try chosen(of: models[0].model.blocks.count)
    models.forEach { $0.model.freeze() }
    let tokens = Tensor(ids.map(Int64.init), shape: [1, ids.count]).to(on: device)
    let views = try HeadViews.measure(models, tokens, layers: layers)
    guard let drawn = views.first(where: { $0.head == head }) else {
      throw MohawkError(
        .outOfRange, "there is no head \(head)", at: "--head",
        remedy: "use 0 to \((views.map(\.head).max() ?? 0))")
    }
    Terminal.say(HeadView.table(views).text)
    Terminal.say(HeadView.note + "\n")
    draw(drawn)
    if let output { try write(views, try tokenizer.decode(ids, skippingSpecial: false), to: output) }
  }

  /// The models, the teacher first.
  private func places() throws -> [(name: String, path: String)] {
    let run = RunFolder(model)
    guard run.isFinished else {
      if let teacher { return [("teacher", teacher), ("student", model)] }
      return [("model", model)]
    }
    let own = try RecipeLoader.load(run.recipe).teacher
    guard let path = teacher ?? own else { return [("model", run.model)] }
    return [("teacher", path), ("student", run.model)]
  }

  private func read(_ tokenizer: Tokenizer, longest: Int?) throws -> [Int32] {
    guard (2...1024).contains(tokens) else {
      throw MohawkError(.invalidValue, "--tokens is \(tokens)", remedy: "give 2 to 1024")
    }
    let text = text ?? (0..<8).map { StoryGenerator(seed: 1).story(at: $0) }.joined(separator: "\n\n")
    let ids = Array(tokenizer.encode(text).prefix(min(tokens, longest ?? tokens)))
    guard ids.count > 1 else {
      throw MohawkError(.invalidValue, "the text has \(ids.count) tokens", at: "--text", remedy: "give a longer one")
    }
    return ids
  }

  private func chosen(of count: Int) throws -> [Int] {
    guard let layer else { return [count / 2] }
    if layer == "all" { return Array(0..<count) }
    let numbers = layer.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let layers = numbers.compactMap { $0 }
    guard layers.count == numbers.count, Set(layers).count == layers.count else {
      throw MohawkError(.invalidValue, "--layer is '\(layer)'", remedy: "use numbers such as 3 or 0,3,7, or all")
    }
    return layers.sorted()
  }

  /// One head's pictures beside each other.
  private func draw(_ view: HeadView) {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let ink: HeatMap.Ink =
      isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil ? .colours : .characters
    let pictures = view.pictures
    let width = isTerminal ? Terminal.width : 100
    let columns = min(64, (width - 2 * (pictures.count - 1)) / pictures.count)
    let side = max(2, min(columns, view.size))
    let names = pictures.map { $0.name.padding(toLength: side, withPad: " ", startingAt: 0) }
    Terminal.say("layer \(view.layer), head \(view.head)\n" + names.joined(separator: "  "))
    let blocks = pictures.map { $0.map.lines(columns: columns, ink) }
    for line in blocks[0].indices { Terminal.say(blocks.map { $0[line] }.joined(separator: "  ")) }
  }

  private func write(_ views: [HeadView], _ text: String, to folder: String) throws {
    try AtomicFolder.ensure(folder)
    let name = URL(fileURLWithPath: model).lastPathComponent
    try AtomicFile.write(HeadPage(name: name, text: text, views: views).html, to: folder + "/show.html")
    try RunReport.save(views, as: "show.json", in: folder)
    for view in views {
      let scale = max(1, 256 / view.size)
      for (name, map) in view.pictures {
        let path = "\(folder)/layer\(view.layer)-head\(view.head)-\(name).png"
        try AtomicFile.write(Data(map.png(scale: scale)), to: path)
      }
    }
    Terminal.say("\nThe page is \(folder)/show.html, with \(views.count * views[0].pictures.count) pictures beside it")
  }
}
