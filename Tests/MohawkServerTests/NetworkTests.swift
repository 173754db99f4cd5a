import Foundation
import Hummingbird
import Logging
import MohawkFiles
import MohawkText
import NIOEmbedded
import Synchronization
import Testing

@testable import MohawkServer

/// How the server stands in the network: where it listens, who may call it by which name, and what old clients get.
extension ServerTests {
  private static let completion = #"{"prompt":"One day","max_tokens":3,"temperature":0,"ignore_eos":true}"#

  private func post(_ path: String, _ body: String, _ head: String, version: String = "1.1") -> String {
    "POST \(path) HTTP/\(version)\r\n\(head)Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func aTakenPortIsRefusedWithASentence() async throws {
    let server = try await TestServer()
    await #expect {
      _ = try await TestServer { $0.port = server.port }
    } throws: { error in
      let error = error as? MohawkError
      return error?.code == .alreadyInUse && error?.message == "port \(server.port) is taken"
    }
    try await server.stop()
  }

  @Test(arguments: ["300.1.2.3", "no-such-host.invalid", "192.0.2.1", "", "http://localhost"])
  func aHostThatIsNoneIsRefusedWithASentence(_ host: String) async throws {
    await #expect {
      _ = try await TestServer { $0.host = host }
    } throws: { error in
      let error = error as? MohawkError
      return error?.code == .invalidValue && error?.message.contains(host.isEmpty ? "empty" : host) == true
        && error?.remedy?.contains("--host") == true
    }
  }

  @Test func bracketsAroundAnAddressAreNoPartOfIt() async throws {
    let server = try await TestServer { $0.host = "[127.0.0.1]" }
    #expect(server.ask("GET", "/health")?.status == 200)
    try await server.stop()
  }

  @Test(
    arguments: [
      ("127.0.0.1", nil, [], "localhost", true), ("127.0.0.1", nil, [], "LOCALHOST:8080", true),
      ("127.0.0.1", nil, [], "127.0.0.1:80", true), ("127.0.0.1", nil, [], "[::1]:8080", true),
      ("127.0.0.1", nil, [], "localhost.:1", true), ("127.0.0.1", nil, [], "evil.example", false),
      ("127.0.0.1", nil, [], "localhost.evil.example", false),
      ("127.0.0.1", nil, [], "127.0.0.1.evil.example:80", false),
      ("127.0.0.1", nil, [], "", false), ("127.0.0.1", nil, ["Box.lan"], "box.lan:8080", true),
      ("127.0.0.1", nil, ["box.lan"], "other.lan", false), ("127.0.0.1", "secret", [], "evil.example", true),
      ("127.0.0.1", "secret", ["box.lan"], "evil.example", false), ("0.0.0.0", nil, [], "evil.example", true),
      ("::1", nil, [], "evil.example", false), ("localhost", nil, [], "evil.example", false),
      ("127.0.0.2", nil, [], "127.0.0.2:80", true), ("192.168.1.5", nil, [], "192.168.1.5", true),
    ] as [(String, String?, [String], String, Bool)])
  func namesThatThePublicCanChooseAreNotAnsweredOnLoopback(
    _ host: String, _ token: String?, _ allowed: [String], _ header: String, _ isAllowed: Bool
  ) {
    var settings = ServerSettings()
    (settings.host, settings.token, settings.allowedHosts) = (host, token, allowed)
    #expect(AllowedHosts(settings).allow(header) == isAllowed)
  }

  @Test func requestsForOtherHostsOrNoneAreRefused() async throws {
    let server = try await TestServer { $0.allowedHosts = [] }
    func status(_ hosts: String) -> Int? {
      let socket = server.connect()
      socket.send("GET /health HTTP/1.1\r\n\(hosts)Connection: close\r\n\r\n")
      return TestAnswer(socket.readAll())?.status
    }
    #expect(status("Host: localhost\r\n") == 200 && status("Host: 127.0.0.1:\(server.port)\r\n") == 200)
    #expect(status("Host: evil.example\r\n") == 403)
    #expect(status("") == 400)
    #expect(status("Host: localhost\r\nHost: evil.example\r\n") == 400)
    #expect(server.ask("GET", "/health")?.error?["code"]?.text == "host_not_allowed")
    try await server.stop()
  }

  @Test func pagesOfNamedOriginsMayUseTheServer() async throws {
    let server = try await TestServer {
      $0.token = "secret"
      $0.corsOrigins = ["http://localhost:3000/"]
    }
    let mine = "Origin: http://localhost:3000\r\n"
    let asks = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,x-stainless-os\r\n"
    let preflight = try #require(server.ask("OPTIONS", "/v1/chat/completions", headers: mine + asks))
    #expect(preflight.status == 204)
    for line in [
      "access-control-allow-origin: http://localhost:3000", "access-control-allow-methods: get, head, post",
      "access-control-allow-headers: authorization,x-stainless-os", "vary: origin",
    ] { #expect(preflight.headers.contains(line), "\(line)") }
    let answer = server.ask("GET", "/v1/models", headers: mine + "Authorization: Bearer secret\r\n")
    #expect(
      answer?.status == 200 && answer?.headers.contains("access-control-allow-origin: http://localhost:3000") == true)
    // Errors can be read as well.
    let refused = server.ask("GET", "/v1/models", headers: mine)
    #expect(refused?.status == 401 && refused?.headers.contains("access-control-allow-origin") == true)
    for origin in ["http://localhost:3001", "https://localhost:3000", "http://evil.example", "null"] {
      let other = server.ask("OPTIONS", "/v1/models", headers: "Origin: \(origin)\r\n" + asks)
      #expect(other?.status != 204 && other?.headers.contains("access-control") == false)
    }
    try await server.stop()
    let open = try await TestServer { $0.corsOrigins = ["*"] }
    let any = open.ask("GET", "/health", headers: "Origin: http://evil.example\r\n")
    #expect(any?.headers.contains("access-control-allow-origin: *") == true)
    try await open.stop()
    let closed = try await TestServer()
    #expect(closed.ask("GET", "/health", headers: mine)?.headers.contains("access-control") == false)
    try await closed.stop()
  }

  @Test(arguments: ["localhost:3000", "http://", "http://a/b", "", "https://a b"])
  func whatIsNoOriginIsRefused(_ origin: String) {
    #expect { try CrossOrigin([origin]) } throws: { ($0 as? MohawkError)?.code == .invalidValue }
  }

  @Test func oldClientsAreAnsweredAsTheyUnderstand() async throws {
    let server = try await TestServer()
    func ask(_ text: String) -> String {
      let socket = server.connect()
      socket.send(text)
      return socket.readAll()
    }
    let health = ask("GET /health HTTP/1.0\r\n\r\n")
    #expect(health.hasPrefix("HTTP/1.0 200 OK\r\n") && TestAnswer(health)?.json?["status"]?.text == "ok")
    let whole = ask(post("/v1/completions", Self.completion, "", version: "1.0"))
    #expect(whole.hasPrefix("HTTP/1.0 200") && TestAnswer(whole)?.json?["usage"] != nil)
    let stream = ask(post("/v1/completions", Self.completion.dropLast() + ",\"stream\":true}", "", version: "1.0"))
    #expect(stream.hasPrefix("HTTP/1.0 200") && stream.hasSuffix("data: [DONE]\n\n"))
    #expect(!stream.lowercased().contains("transfer-encoding") && TestAnswer(stream)?.body.hasPrefix("data: {") == true)
    #expect(ask("GET /nowhere HTTP/1.0\r\nHost: t\r\n\r\n").hasPrefix("HTTP/1.0 404"))
    #expect(ask("GET /health HTTP/1.0\r\nHost: evil.example\r\n\r\n").hasPrefix("HTTP/1.0 403"))
    try await server.stop()
  }

  @Test(arguments: [false, true]) func clientsThatHaveSaidAllGetTheirAnswer(_ streams: Bool) async throws {
    let server = try await TestServer()
    let socket = server.connect()
    let body = "{\"prompt\":\"One day\",\"max_tokens\":300,\"ignore_eos\":true,\"stream\":\(streams)}"
    socket.send(post("/v1/completions", body, "Host: t\r\n"))
    socket.finish()
    let begun = ContinuousClock.now
    let answer = socket.readAll()
    #expect(answer.contains("200 OK") && answer.contains("\"finish_reason\":\"length\""))
    // The connection ends with the answer.
    #expect(ContinuousClock.now - begun < .seconds(15))
    let partial = server.connect()
    partial.send(post("/v1/completions", body, "Host: t\r\n").dropLast(5).description)
    partial.finish()
    #expect(partial.readAll() == "")
    try await server.stop()
  }

  @Test(arguments: ["gzip", "deflate", "br", "zstd", "gzip, identity"])
  func encodedBodiesAreRefusedByName(_ encoding: String) async throws {
    let server = try await TestServer()
    let headers = "Content-Encoding: \(encoding)\r\n"
    let refused = server.ask("POST", "/v1/completions", Self.completion, headers: headers)
    #expect(refused?.status == 415 && refused?.error?["message"]?.text?.contains(encoding) == true)
    let plain = server.ask("POST", "/v1/completions", Self.completion, headers: "Content-Encoding: identity\r\n")
    #expect(plain?.status == 200)
    try await server.stop()
  }

  @Test func thePageIsWholeAndNeedsNothingFromElsewhere() async throws {
    let server = try await TestServer()
    let page = server.ask("GET", "/")?.body ?? ""
    for part in ["page.css", "shared.js", "compare.js", "chat.js"] { #expect(!page.contains("/*\(part)*/")) }
    for part in ["--paper:#fff", "const ask", "/v1/completions", "/v1/chat/completions", "id=\"say\"", "id=\"prompt\""]
    {
      #expect(page.contains(part), "\(part)")
    }
    #expect(!page.contains("src=") && !page.contains("@import") && !page.contains("href=\"http"))
    try await server.stop()
  }

  /// Keeps what is logged.
  private final class Lines: LogHandler, Sendable {
    let all = Mutex<[String]>([])
    var metadata: Logger.Metadata {
      get { [:] }
      set {}
    }
    var logLevel: Logger.Level {
      get { .info }
      set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
      get { nil }
      set {}
    }

    func log(event: LogEvent) {
      all.withLock { $0.append("\(event.level) \(event.message) \(event.metadata?["request"] ?? "")") }
    }
  }

  @Test func requestsAreLoggedOnDemandWithTheirIDs() async throws {
    let lines = Lines()
    let server = try await TestServer {
      $0.logger = Logger(label: "test") { _ in lines }
      $0.logsRequests = true
    }
    let answer = server.ask("GET", "/v1/models?secret=words")
    let id = answer?.headers.split(separator: "\r\n").first { $0.hasPrefix("x-request-id: ") }?.dropFirst(14)
    #expect(id?.count == 16)
    #expect(server.ask("GET", "/nowhere")?.status == 404)
    try await server.stop()
    let logged = lines.all.withLock { $0 }
    #expect(logged.count == 2 && logged[0] == "info GET /v1/models 200 \(id ?? "")")
    #expect(logged[1].hasPrefix("info GET /nowhere 404 "))
    let silent = try await TestServer { $0.logger = Logger(label: "test") { _ in lines } }
    _ = silent.ask("GET", "/health")
    try await silent.stop()
    #expect(lines.all.withLock { $0.count } == 2)
  }

  @Test func whatNobodyExpectedIsLoggedUnderTheIDThatTheClientGets() async throws {
    struct Surprise: Error {}
    let lines = Lines()
    let answers = ErrorAnswers(metrics: ServerMetrics(), logger: Logger(label: "test") { _ in lines })
    let context = ServerContext(source: .init(channel: EmbeddedChannel(), logger: Logger(label: "test")))
    let request = Request(
      head: .init(method: .get, scheme: "http", authority: "t", path: "/x"), body: .init(buffer: .init()))
    let response = try await answers.handle(request, context: context) { _, _ in throw Surprise() }
    #expect(response.status.code == 500)
    #expect(lines.all.withLock { $0 } == ["error GET /x failed: Surprise() \(context.requestID)"])
    _ = try await answers.handle(request, context: context) { _, _ in throw APIError.invalid("a", "is bad") }
    #expect(lines.all.withLock { $0.count } == 1)
  }

  @Test(arguments: [false, true]) func offsetsCountTheCharactersOfTheText(_ streams: Bool) async throws {
    let server = try await TestServer()
    // Characters of two and four bytes are several tokens here; the control token adds nothing to the text.
    let text = "One é day 🙂."
    let end = TestServer.tokenizer.endOfText!
    var ids = TestServer.tokenizer.encode(text)
    ids.insert(end, at: 3)
    let prompt = ids.map { "\($0)" }.joined(separator: ",")
    let answer = server.ask(
      "POST", "/v1/completions",
      "{\"prompt\":[\(prompt)],\"max_tokens\":0,\"echo\":true,\"logprobs\":0,\"stream\":\(streams)}")
    var json = answer?.json
    if streams {
      json = answer?.body.split(separator: "data: ").dropFirst().first?.split(separator: "\n\n").first.flatMap {
        try? JSONValue(json: String($0))
      }
    }
    guard case .array(let choices)? = json?["choices"], let choice = choices.first,
      case .array(let offsets)? = choice["logprobs"]?["text_offset"]
    else { throw APIError(500, answer?.body ?? "") }
    #expect(choice["text"]?.text == text)
    let expected = ids.indices.map { index -> Int in
      var decoder = StreamingDecoder(TestServer.tokenizer, skippingSpecial: true)
      return ids[..<index].reduce(0) { $0 + (try! decoder.append($1)).unicodeScalars.count }
    }
    #expect(offsets.map(\.integer) == expected)
    #expect(expected.last == text.unicodeScalars.count - 1)
    try await server.stop()
  }
}
