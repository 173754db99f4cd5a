import ArgumentParser
import Foundation
import Logging
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkServer
import MohawkServing
import MohawkTensor
import MohawkText

/// Serves a model over HTTP.
package struct Serve: ParsableCommand, ReadsCheckpoints {
  package static let configuration = CommandConfiguration(
    abstract: "Serves a model over HTTP, in the protocol of OpenAI, with a page to try it at /.",
    discussion: """
      /v1/completions, /v1/chat/completions, /v1/models, /tokenize, /detokenize, /tokenizer_info, /health, /metrics.
      Ctrl-C (or SIGTERM) lets running requests finish; a second one stops at once. Clients must send the bearer token
      of --token-file, or of the environment variable MOHAWK_TOKEN, when there is one.

      A draft makes a text come faster while it is the only one, where the draft is often right; greedy texts are the same.
      """)

  @Argument(help: "A model: a folder with config.json, model.safetensors, tokenizer.json, or a GGUF file.") var model:
    String
  @Option(help: "A teacher's folder, to be served beside it as 'teacher'.") var teacher: String?
  @Option(help: "What clients call the model; the folder's name when not given.") var name: String?
  @Option(help: "The address to listen on; 0.0.0.0 is open to the network.") var host = "127.0.0.1"
  @Option(help: "The port; 0 takes a free one.") var port = 8080
  @Option(help: "A file whose first line is the bearer token that clients must send.") var tokenFile: String?
  @Option(
    name: .customLong("allow-host"),
    help: "A host name that is answered to beside localhost; on loopback without a token no others are. Repeatable.")
  var allowedHosts: [String] = []
  @Option(
    name: .customLong("cors-origin"),
    help: "An origin whose pages may use the server, such as http://localhost:3000, or *. Repeatable.")
  var corsOrigins: [String] = []
  @Flag(help: "Writes a line for each request to standard error.") var logRequests = false
  @Option(help: "Sequences that are continued together.") var batch = 8
  @Option(help: "Tokens of prompts that are read between two steps.") var slice = 512
  @Option(help: "MiB of states of earlier texts that are kept for those that begin alike; 0 keeps none.")
  var cacheMib = 256
  @Option(help: "Requests that may wait.") var queue = ServerLimits().queue
  @Option(help: "Tokens of a prompt at most.") var maxPrompt = ServerLimits().promptTokens
  @Option(help: "New tokens at most.") var maxTokens = ServerLimits().newTokens
  @Option(help: "Bytes of a request's body at most.") var maxBody = ServerLimits().bodyBytes
  @Option(help: "Seconds that a request may take.") var timeout = ServerLimits().requestSeconds
  @Option(help: "Seconds that running requests may take to finish at the end.") var drain = 30.0
  @OptionGroup var weights: WeightFlags
  @OptionGroup var draft: DraftFlags
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @OptionGroup var place: DeviceFlags
  @OptionGroup package var reading: CheckpointFlags
  package var modelPaths: [WritableKeyPath<Self, String>] { [\.model] }
  package var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.teacher, \.draft.draft] }

  package init() {}

  package func run() throws {
    try check()
    try draft.check()
    try Threads.use(threads)
    let settings = try settings()
    let (precision, device) = (try weights.precision(), try place.opened())
    let proposer = draft.draft == nil ? nil : try proposer(model, device)
    var models = [try open(model, as: name ?? Self.name(of: model), precision, device, proposer)]
    if let teacher {
      guard models[0].name != "teacher" else {
        throw MohawkError(
          .invalidValue, "both models would be called 'teacher'", remedy: "name the student: --name NAME")
      }
      models.append(try open(teacher, as: "teacher", precision, device, nil))
    }
    for model in models {
      if let obstacle = model.chatObstacle {
        Terminal.complain("mohawk: '\(model.name)' is served without /v1/chat/completions: \(obstacle)")
      }
    }
    if !["127.0.0.1", "localhost", "::1"].contains(host), settings.token == nil {
      Terminal.complain("mohawk: everybody who reaches \(host) can use this server; --token-file asks for a secret")
    }
    try serve(ModelServer(models, settings), names: models.map(\.name))
  }

  private func check() throws {
    for (option, value, range) in [
      ("--port", port, 0...65_535), ("--batch", batch, 1...256), ("--slice", slice, 1...65_536),
      ("--cache-mib", cacheMib, 0...1 << 24),
      ("--queue", queue, 1...65_536), ("--max-prompt", maxPrompt, 1...1 << 24),
      ("--max-tokens", maxTokens, 1...1 << 24),
      ("--max-body", maxBody, 1_024...1 << 30),
    ] where !range.contains(value) {
      throw MohawkError(
        .invalidValue, "\(option) is \(value), it must be from \(range.lowerBound) to \(range.upperBound)")
    }
    for (option, value) in [("--timeout", timeout), ("--drain", drain)] where !(value > 0 && value <= 86_400) {
      throw MohawkError(.invalidValue, "\(option) is \(value), it must be above 0 and at most 86400 seconds")
    }
  }

  private func settings() throws -> ServerSettings {
    var settings = ServerSettings()
    settings.host = host
    settings.port = port
    settings.token = try token()
    settings.allowedHosts = allowedHosts
    settings.corsOrigins = corsOrigins
    settings.logger = Logger(label: "mohawk") { StreamLogHandler.standardError(label: $0) }
    settings.logsRequests = logRequests
    settings.limits.queue = queue
    settings.limits.promptTokens = maxPrompt
    settings.limits.newTokens = maxTokens
    settings.limits.bodyBytes = maxBody
    settings.limits.requestSeconds = timeout
    settings.limits.choices = min(settings.limits.choices, batch)
    return settings
  }

  private func token() throws -> String? {
    guard let tokenFile else {
      return ProcessInfo.processInfo.environment["MOHAWK_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    }
    let text = String(decoding: try TextFile.bytes(tokenFile), as: UTF8.self)
    guard let line = text.split(whereSeparator: \.isNewline).first?.trimmingCharacters(in: .whitespaces), !line.isEmpty
    else {
      throw MohawkError(.invalidFormat, "the file holds no token", at: tokenFile, remedy: "write one on its first line")
    }
    return line
  }

  private func open(
    _ folder: String, as name: String, _ weights: WeightPrecision?, _ device: Device,
    _ draft: (@Sendable (DecodingEngine) throws -> BatchDraft)?
  ) throws -> ServedModel {
    try ServedModel(
      name: name, folder: folder, batchSize: batch, slice: slice, queue: queue, cacheBytes: cacheMib << 20,
      open: { try DecodingEngine.open(folder, weights: weights, on: device) }, draft: draft)
  }

  /// What opens the draft beside the engine of the model.
  private func proposer(
    _ folder: String, _ device: Device
  ) throws -> @Sendable (DecodingEngine) throws -> BatchDraft {
    let (draft, weights) = (draft, weights)
    let tokenizer = try Tokenizer(folder: folder)
    return { engine in
      // A draft is asked for where this is called.
      BatchDraft(try draft.engine(for: engine, tokenizer, weights, on: device)!, longest: draft.draftTokens)
    }
  }

  /// `run/model` is called `run`, since all runs' models are called `model`.
  private static func name(of folder: String) -> String {
    let address = URL(fileURLWithPath: folder).standardizedFileURL
    let last = address.lastPathComponent
    return last == "model" ? address.deletingLastPathComponent().lastPathComponent : last
  }

  /// Listens until a signal; the main thread waits meanwhile.
  private func serve(_ server: ModelServer, names: [String]) throws {
    let (host, drain) = (host, drain)
    let signals = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      let isSecond = Once()
      source.setEventHandler {
        if isSecond.next() { _exit(130) }  // libtorch is in use, and must not be taken down
        Terminal.complain("mohawk: finishing what is running; once more to stop at once")
        Task { await server.drain(within: drain) }
      }
      source.resume()
      return source
    }
    let outcome = Outcome()
    Task {
      do {
        try await server.run { port in
          let place = host.contains(":") ? "[\(host)]" : host
          Terminal.say("serving \(names.joined(separator: " and ")) at http://\(place):\(port)")
        }
        outcome.finish(nil)
      } catch {
        outcome.finish(error)
      }
    }
    defer { for source in signals { source.cancel() } }
    try outcome.wait()
  }

  /// True from the second time on; used on one queue.
  private final class Once: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func next() -> Bool {
      lock.withLock {
        count += 1
        return count > 1
      }
    }
  }
}
