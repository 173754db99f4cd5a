import Foundation
import MohawkText
import Testing

@testable import MohawkServer

@Suite(.serialized, .onOtherThreads) struct ServerTests {
  /// New tokens that no test waits for.
  static let endless = 100_000_000

  @Test func completionsAreAnsweredAndRepeatable() async throws {
    let server = try await TestServer()
    let body = #"{"prompt":"One day","max_tokens":6,"temperature":0,"ignore_eos":true,"model":"small"}"#
    let answer = try #require(server.ask("POST", "/v1/completions", body))
    #expect(answer.status == 200)
    #expect(answer.json?["usage"]?["completion_tokens"]?.integer == 6)
    #expect(
      server.ask("POST", "/v1/completions", body)?.json?["choices"].map { $0.bytes } == answer.json?["choices"]?.bytes)
    let stream = try #require(
      server.ask(
        "POST", "/v1/completions", body.dropLast() + #","stream":true,"stream_options":{"include_usage":true}}"#))
    #expect(stream.headers.contains("text/event-stream") && stream.body.contains("data: [DONE]"))
    try await server.stop()
  }

  @Test func echoedPromptsAreScoredAsEvaluationsExpect() async throws {
    let server = try await TestServer()
    let answer = try #require(
      server.ask(
        "POST", "/v1/completions",
        #"{"prompt":[[70,71,72],[80]],"max_tokens":1,"logprobs":1,"echo":true,"temperature":0}"#))
    guard case .array(let choices)? = answer.json?["choices"] else { throw APIError(500, answer.body) }
    for (choice, count) in zip(choices, [4, 2]) {
      guard case .array(let logprobs)? = choice["logprobs"]?["token_logprobs"],
        case .array(let tops)? = choice["logprobs"]?["top_logprobs"]
      else { throw APIError(500, answer.body) }
      #expect(logprobs.count == count && tops.count == count && logprobs[0].isNull && tops[0].isNull)
      #expect(logprobs.dropFirst().allSatisfy { $0.number!.isFinite })
      // The generated token is the likeliest, by the very same number.
      guard case .object(let last) = tops[count - 1] else { throw APIError(500, answer.body) }
      #expect(last.count == 1 && last[0].value.bytes == logprobs[count - 1].bytes)
    }
    try await server.stop()
  }

  @Test func chatsNeedATemplate() async throws {
    let body = #"{"messages":[{"role":"user","content":"hi"}],"max_tokens":3}"#
    let plain = try await TestServer()
    let refused = plain.ask("POST", "/v1/chat/completions", body)
    #expect(refused?.status == 400 && refused?.error?["code"]?.text == "no_chat_template")
    try await plain.stop()
    let server = try await TestServer(template: "{% for m in messages %}{{ m.content }}{% endfor %}")
    let answer = server.ask("POST", "/v1/chat/completions", body)
    #expect(answer?.status == 200 && answer?.body.contains("\"role\":\"assistant\"") == true)
    try await server.stop()
  }

  @Test func tokensGoBothWays() async throws {
    let server = try await TestServer()
    let tokens = try #require(server.ask("POST", "/tokenize", #"{"prompt":"One day é"}"#)?.json?["tokens"])
    let ids = String(decoding: tokens.bytes, as: UTF8.self)
    #expect(server.ask("POST", "/detokenize", "{\"tokens\":\(ids)}")?.json?["prompt"]?.text == "One day é")
    #expect(server.ask("GET", "/tokenizer_info")?.json?["eos_token"]?.text == "<|endoftext|>")
    try await server.stop()
  }

  @Test func matricesAreTriangularAndBounded() async throws {
    let server = try await TestServer()
    let answer = try #require(server.ask("GET", "/matrices?layer=1&head=0&text=One%20day"))
    guard case .array(let rows)? = answer.json?["rows"] else { throw APIError(500, answer.body) }
    for (index, row) in rows.enumerated() {
      guard case .array(let values) = row else { throw APIError(500, answer.body) }
      // Attention's rows are shares; they are told to four digits.
      #expect(values.count == index + 1 && abs(values.reduce(0) { $0 + $1.number! } - 1) < 1e-2)
    }
    for query in ["layer=2&head=0&text=a", "layer=0&head=9&text=a", "layer=x&head=0&text=a", "layer=0&head=0"] {
      #expect(server.ask("GET", "/matrices?\(query)")?.status == 400)
    }
    #expect(server.ask("GET", "/matrices?layer=0&head=0&text=\(String(repeating: "xq", count: 400))")?.status == 400)
    try await server.stop()
  }

  @Test func knownBeginningsAreToldAndChangeNothing() async throws {
    let server = try await TestServer()
    let ids = (0..<200).map { "\($0 % 90)" }.joined(separator: ",")
    let body = "{\"prompt\":[\(ids)],\"max_tokens\":4,\"temperature\":0,\"logprobs\":2}"
    func cached(_ answer: TestAnswer?) -> Int? {
      answer?.json?["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.integer
    }
    let (first, second) = (
      server.ask("POST", "/v1/completions", body), server.ask("POST", "/v1/completions", body)
    )
    #expect(first?.status == 200 && cached(first) == 0 && cached(second) == 128)
    #expect(second?.json?["choices"]?.bytes == first?.json?["choices"]?.bytes)
    #expect(second?.json?["usage"]?["prompt_tokens"]?.integer == 200)
    let metrics = server.ask("GET", "/metrics")?.body ?? ""
    #expect(metrics.contains("mohawk_prefix_reuses_total{model=\"small\"} 1"))
    #expect(metrics.contains("mohawk_reused_tokens_total{model=\"small\"} 128"))
    #expect(!metrics.contains("mohawk_cache_bytes{model=\"small\"} 0\n"))
    try await server.stop()
  }

  @Test func clientsThatDoNotReadAreLetGo() async throws {
    let server = try await TestServer { $0.limits.writeSeconds = 0.3 }
    let silent = server.connect(receiving: 4_096)
    // More than the system keeps for a client that does not read: prompts of one long token, told four times.
    let longest = (Int32(0)..<300).max { TestServer.text($0).utf8.count < TestServer.text($1).utf8.count }!
    let prompt = "[" + Array(repeating: "\(longest)", count: 1_500).joined(separator: ",") + "]"
    let prompts = "[" + Array(repeating: prompt, count: 256).joined(separator: ",") + "]"
    let body = "{\"prompt\":\(prompts),\"n\":4,\"echo\":true,\"stream\":true,\"max_tokens\":2000,\"ignore_eos\":true}"
    silent.send(
      "POST /v1/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    )
    func active() -> Bool { server.ask("GET", "/metrics")?.body.contains("mohawk_requests_active 1") == true }
    let begun = ContinuousClock.now
    while !active(), ContinuousClock.now - begun < .seconds(20) { try await Task.sleep(for: .milliseconds(10)) }
    #expect(active())
    while active(), ContinuousClock.now - begun < .seconds(30) { try await Task.sleep(for: .milliseconds(50)) }
    // The request is over long before its half a million tokens are made, and the stream has no end.
    #expect(!active() && !silent.readAll().contains("[DONE]"))
    try await server.stop()
  }

  @Test func strangersStayOut() async throws {
    let server = try await TestServer { $0.token = "secret" }
    #expect(server.ask("GET", "/v1/models")?.status == 401)
    #expect(server.ask("GET", "/metrics")?.status == 401)
    for wrong in ["Bearer secreT", "Bearer secret1", "Bearer ", "Basic secret", "secret"] {
      #expect(server.ask("GET", "/v1/models", headers: "Authorization: \(wrong)\r\n")?.status == 401)
    }
    #expect(server.ask("GET", "/v1/models", headers: "Authorization: Bearer secret\r\n")?.status == 200)
    #expect(server.ask("GET", "/health")?.status == 200 && server.ask("GET", "/")?.status == 200)
    try await server.stop()
  }

  @Test func largeBodiesAndOtherTypesAreRefused() async throws {
    let server = try await TestServer { $0.limits.bodyBytes = 2_000 }
    let large = "{\"prompt\":\"\(String(repeating: "a", count: 3_000))\"}"
    #expect(server.ask("POST", "/v1/completions", large)?.status == 413)
    let chunked = server.connect()
    chunked.send(
      "POST /v1/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for _ in 0..<10 { chunked.send("200\r\n\(String(repeating: "a", count: 512))\r\n") }
    #expect(TestAnswer(chunked.readAll())?.status == 413)
    let form = "POST /v1/completions HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=b"
    let socket = server.connect()
    socket.send(form)
    #expect(TestAnswer(socket.readAll())?.status == 415)
    #expect(server.ask("GET", "/nowhere")?.status == 404)
    try await server.stop()
  }

  @Test func aPathThatIsAskedByAnotherMethodSaysSo() async throws {
    let server = try await TestServer()
    for (method, path, allowed) in [
      ("GET", "/v1/completions", "post"), ("DELETE", "/v1/chat/completions/", "post"),
      ("POST", "/v1/models", "get, head"),
    ] {
      let answer = server.ask(method, path)
      #expect(answer?.status == 405 && answer?.headers.contains("allow: \(allowed)\r\n") == true, "\(method) \(path)")
    }
    try await server.stop()
  }

  @Test func slowClientsAreLetGo() async throws {
    let server = try await TestServer { $0.limits.readSeconds = 0.3 }
    let starts = [
      "", "POST /v1/comp",
      "POST /v1/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"pro",
    ]
    for start in starts {
      let socket = server.connect()
      let begun = ContinuousClock.now
      socket.send(start)
      _ = socket.readAll()
      #expect(ContinuousClock.now - begun < .seconds(5))
    }
    #expect(server.ask("GET", "/health")?.status == 200)
    try await server.stop()
  }

  @Test func workEndsWhenItsClientGoes() async throws {
    let server = try await TestServer(batch: 1) { $0.limits.newTokens = Self.endless }
    for stream in ["true", "false"] {
      let socket = server.connect()
      let body = "{\"prompt\":\"One\",\"max_tokens\":\(Self.endless),\"ignore_eos\":true,\"stream\":\(stream)}"
      socket.send(
        "POST /v1/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
      )
      if stream == "true" { _ = socket.read(until: "data: ") } else { try await Task.sleep(for: .milliseconds(200)) }
      // While nothing is written, one who waits for an answer and one who went away look alike, but for a reset.
      if stream == "true" { socket.close() } else { socket.reset() }
      // The only place of the batch is free again long before 4000 tokens are made.
      let answer = server.ask("POST", "/v1/completions", #"{"prompt":"Two","max_tokens":1}"#)
      #expect(answer?.status == 200)
    }
    // A request is counted when its connection's task hears of the end.
    var metrics = ""
    for _ in 0..<500 {
      metrics = server.ask("GET", "/metrics")?.body ?? ""
      if metrics.contains("mohawk_cancelled_total{model=\"small\"} 2") { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(metrics.contains("mohawk_cancelled_total{model=\"small\"} 2"))
    #expect(metrics.contains("mohawk_requests_active 0"))
    try await server.stop()
  }

  @Test func requestsEndAtTheirTime() async throws {
    let server = try await TestServer {
      $0.limits.requestSeconds = 0.2
      $0.limits.newTokens = Self.endless
    }
    let body = "{\"prompt\":\"One\",\"max_tokens\":\(Self.endless),\"ignore_eos\":true}"
    let answer = server.ask("POST", "/v1/completions", body)
    #expect(answer?.status == 408 && answer?.error?["type"]?.text == "timeout_error")
    try await server.stop()
  }

  @Test func theEndWaitsForRunningAnswersAndRefusesNewOnes() async throws {
    let server = try await TestServer { $0.limits.newTokens = 30_000 }
    let running = server.connect()
    let kept = server.connect()
    let body = #"{"prompt":"One","max_tokens":30000,"ignore_eos":true,"stream":true}"#
    running.send(
      "POST /v1/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    )
    let start = running.read(until: "data: ")
    async let end: Void = server.stop()
    try await Task.sleep(for: .milliseconds(30))
    kept.send(
      "POST /tokenize HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"prompt\":\"a\"}"
    )
    #expect(TestAnswer(kept.read(until: "shutting_down"))?.status == 503)
    let text = start + running.readAll()
    #expect(text.contains("data: [DONE]") && text.contains("\"finish_reason\":\"length\""))
    try await end
  }

  @Test func randomBytesDoNoHarm() async throws {
    let server = try await TestServer { $0.limits.readSeconds = 0.2 }
    var generator = SeededGenerator(seed: 9)
    let whole = Array(
      "POST /v1/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n{\"prompt\":\"a\",\"max_tokens\":1  }"
        .utf8)
    for round in 0..<300 {
      var bytes = whole
      switch round % 3 {
      case 0:
        bytes = (0..<Int.random(in: 1...200, using: &generator)).map { _ in UInt8(truncatingIfNeeded: generator.next())
        }
      case 1: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
      default:
        for _ in 0..<3 {
          bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8(truncatingIfNeeded: generator.next())
        }
      }
      let socket = server.connect()
      socket.send(bytes)
      if round % 10 == 0 { _ = socket.read() }
    }
    #expect(server.ask("GET", "/health")?.status == 200)
    #expect(server.ask("POST", "/v1/completions", #"{"prompt":"a","max_tokens":1}"#)?.status == 200)
    try await server.stop()
  }
}
