import Foundation
import MohawkDecoding
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkServing
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A server of a small model on a free port of this machine.
final class TestServer: Sendable {
  static let tokenizer: Tokenizer = {
    var trainer = BytePairTrainer()
    for index in 0..<40 { trainer.add(StoryGenerator(seed: 1).story(at: index)) }
    return try! trainer.train(vocabularySize: 300)
  }()

  let port: Int
  let server: ModelServer
  private let task: Task<Void, any Error>

  /// - Parameters:
  ///   - template: the model's chat template; nil for a model without one.
  ///   - change: of the settings.
  ///   - files: more files of the model's folder.
  ///   - draft: makes what proposes tokens, given what decodes.
  ///   - engine: makes what decodes.
  init(
    template: String? = nil, files: [String: String] = [:], batch: Int = 4,
    change: (inout ServerSettings) -> Void = { _ in },
    draft: (@Sendable (DecodingEngine) throws -> BatchDraft)? = nil,
    engine: @escaping @Sendable () throws -> DecodingEngine = { DecodingEngine(TestServer.model()) }
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/server-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Self.tokenizer.write(to: folder + "/tokenizer.json")
    if let template { try template.write(toFile: folder + "/chat_template.jinja", atomically: true, encoding: .utf8) }
    for (name, text) in files { try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8) }
    var settings = ServerSettings()
    settings.port = 0
    settings.allowedHosts = ["t", "test"]
    change(&settings)
    let model = try ServedModel(
      name: "small", folder: folder, batchSize: batch, queue: settings.limits.queue,
      open: engine, draft: draft)
    let server = ModelServer([model], settings)
    let (ports, found) = AsyncStream<Int>.makeStream()
    let task = Task {
      defer { found.finish() }
      try await server.run { found.yield($0) }
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else {
      try await task.value
      throw APIError(500, "the server ended before it listened")
    }
    (self.task, self.port, self.server) = (task, port, server)
  }

  /// What a token says.
  static func text(_ id: Int32) -> String { (try? tokenizer.decode([id])) ?? "" }

  /// Ends the server.
  func stop() async throws {
    await server.drain(within: 5)
    try await task.value
  }

  fileprivate static func model() -> Decoder {
    Runtime.threads = 1
    let attention = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 4, maxLength: 4_096, bias: true)
    let mamba = DiscreteMamba2Configuration(modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 5, chunk: 8)
    let shape = DecoderConfiguration.phi(
      vocabulary: 320, modelDim: 24, mlpDim: 96, mixers: [mamba, attention])
    let model = Decoder.fresh(shape, seed: 21)
    model.freeze()
    return model
  }
}

/// Runs tests on threads of their own. The few threads of Swift's pool, two on a small machine, are the server's, and a
/// test that blocks one of them in `recv` could wait for what nobody is left to send.
struct OnOtherThreads: SuiteTrait, TestTrait, TestScoping {
  private final class Threads: TaskExecutor {
    private let queue = DispatchQueue(label: "clients of test servers", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }
  private static let threads = Threads()

  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(Self.threads) { try await function() }
  }
}

extension Trait where Self == OnOtherThreads {
  static var onOtherThreads: Self { Self() }
}

/// What came back over a socket.
struct TestAnswer {
  let status: Int
  let headers: String
  let body: String

  init?(_ text: String) {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
    guard let head = parts.first, let code = head.split(separator: " ").dropFirst().first, let status = Int(code) else {
      return nil
    }
    self.status = status
    headers = head.lowercased()
    body = parts.count > 1 ? String(parts[1]) : ""
  }

  var json: JSONValue? { try? JSONValue(json: body) }
  var error: JSONValue? { json?["error"] }
}

/// A plain socket to the server.
final class TestSocket: @unchecked Sendable {
  private let descriptor: Int32

  /// - Parameter buffer: bytes that the system receives before they are read; nil leaves that to it.
  init(_ port: Int, receiving buffer: Int32? = nil) {
    #if canImport(Glibc)
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    #if canImport(Darwin)
      // There a send has no flag for it.
      var quiet: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &quiet, socklen_t(MemoryLayout<Int32>.size))
    #endif
    if var buffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, socklen_t(MemoryLayout<Int32>.size)) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // Long, because other tests may take both cores for a while.
    var limit = timeval(tv_sec: 600, tv_usec: 0)
    for direction in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, direction, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { _ = Foundation.close(descriptor) }

  /// Says that no more will be sent.
  func finish() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  func close() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Ends it as one does who has crashed.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    // The descriptor stays ours: connecting to nowhere is what ends the connection.
    var nowhere = sockaddr()
    nowhere.sa_family = sa_family_t(AF_UNSPEC)
    _ = connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
  }

  /// Whether something can be read at once.
  var hasBytes: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
  }

  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    #if canImport(Darwin)
      let flags: Int32 = 0
    #else
      let flags = Int32(MSG_NOSIGNAL)
    #endif
    return Foundation.send(descriptor, bytes, bytes.count, flags) >= 0
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Some bytes; none at the end.
  func read() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return Array(buffer.prefix(max(0, count)))
  }

  func readAll() -> String {
    var all: [UInt8] = []
    while case let some = read(), !some.isEmpty { all += some }
    return String(decoding: all, as: UTF8.self)
  }

  /// Reads until the text is there, or the end.
  func read(until text: String) -> String {
    var all = ""
    while !all.contains(text), case let some = read(), !some.isEmpty { all += String(decoding: some, as: UTF8.self) }
    return all
  }
}

extension TestServer {
  func connect(receiving buffer: Int32? = nil) -> TestSocket { TestSocket(port, receiving: buffer) }

  /// One request on a connection of its own.
  func ask(_ method: String, _ path: String, _ body: String? = nil, headers: String = "") -> TestAnswer? {
    let socket = connect()
    let type = body == nil ? "" : "Content-Type: application/json\r\nContent-Length: \(body!.utf8.count)\r\n"
    socket.send("\(method) \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(type)\(headers)\r\n\(body ?? "")")
    return TestAnswer(socket.readAll())
  }
}
