import Foundation
import Testing

@testable import MohawkServer

/// What clients do that go away, wait or read slowly at the worst moment; none of it may outlast them. One suite with
/// the other tests of servers: their sockets block threads that another suite's servers would need.
extension ServerTests {
  private func head(_ path: String, _ length: Int, _ more: String = "") -> String {
    "POST \(path) HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n\(more)Content-Length: \(length)\r\n\r\n"
  }

  private func post(_ path: String, _ body: String, _ more: String = "") -> String {
    head(path, body.utf8.count, more) + body
  }

  /// A completion of 1.5 MB for each prompt.
  private func large(_ prompts: Int) -> String {
    let prompt = "[" + Array(repeating: "70", count: 1_500).joined(separator: ",") + "]"
    let prompts = "[" + Array(repeating: prompt, count: prompts).joined(separator: ",") + "]"
    return "{\"prompt\":\(prompts),\"n\":4,\"echo\":true,\"logprobs\":10,\"max_tokens\":0}"
  }

  private func eventually(_ holds: () -> Bool) async throws -> Bool {
    let begun = ContinuousClock.now
    while ContinuousClock.now - begun < .seconds(30) {
      if holds() { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  @Test func streamsWhoseClientsGoBeforeTheyBeginAreForgotten() async throws {
    let server = try await TestServer()
    for round in 0..<300 {
      let socket = server.connect()
      socket.send(post("/v1/completions", #"{"prompt":"a","max_tokens":20,"stream":true}"#))
      if round % 3 > 0 { try await Task.sleep(for: .microseconds(400 * round % 3)) }
      socket.reset()
    }
    let isIdle = try await eventually {
      server.ask("GET", "/metrics")?.body.contains("mohawk_requests_active 0\n") == true
    }
    #expect(isIdle)
    let begun = ContinuousClock.now
    try await server.stop()
    #expect(ContinuousClock.now - begun < .seconds(4))
  }

  @Test func connectionsAnsweredBeforeTheirBodyCameAreClosedWhenSilent() async throws {
    let server = try await TestServer { $0.limits.idleSeconds = 0.3 }
    let socket = server.connect()
    socket.send(head("/nowhere", 5))
    _ = socket.read(until: "not_found")
    socket.send("12345")
    let begun = ContinuousClock.now
    _ = socket.readAll()
    #expect(ContinuousClock.now - begun < .seconds(5))
    try await server.stop()
  }

  @Test func largeAnswersThatNobodyReadsAreGivenUp() async throws {
    let server = try await TestServer { $0.limits.writeSeconds = 0.3 }
    let silent = server.connect(receiving: 4_096)
    // More than the system keeps for a client that does not read.
    silent.send(post("/v1/completions", large(5)))
    #expect(!silent.read().isEmpty)
    try await Task.sleep(for: .seconds(2))
    let answer = silent.readAll()
    #expect(answer.utf8.count > 100_000 && !answer.hasSuffix("}}}"))
    try await server.stop()
  }

  @Test func theEndDoesNotCutAnswersThatAreBeingRead() async throws {
    let server = try await TestServer()
    let slow = server.connect(receiving: 4_096)
    slow.send(post("/v1/completions", large(4)))
    let start = String(decoding: slow.read(), as: UTF8.self)
    async let end: Void = server.stop()
    try await Task.sleep(for: .seconds(2))
    let answer = TestAnswer(start + slow.readAll())
    #expect(answer?.json?["usage"]?["prompt_tokens"]?.integer == 6_000)
    try await end
  }

  @Test func clientsThatAskWhetherTheirBodyIsWelcomeAreTold() async throws {
    let server = try await TestServer { $0.limits.bodyBytes = 2_000 }
    let body = #"{"prompt":"a","max_tokens":1}"#
    let polite = server.connect()
    polite.send(head("/v1/completions", body.utf8.count, "Expect: 100-continue\r\nConnection: close\r\n"))
    #expect(polite.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
    polite.send(body)
    #expect(TestAnswer(polite.readAll())?.status == 200)
    let large = server.connect()
    large.send(head("/v1/completions", 3_000, "Expect: 100-continue\r\n"))
    #expect(TestAnswer(large.readAll())?.status == 413)
    try await server.stop()
  }

  @Test func bodiesThatBreakOffAreNoFailureOfTheServer() async throws {
    let server = try await TestServer()
    let chunked = server.connect()
    chunked.send(
      "POST /v1/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    )
    #expect(TestAnswer(chunked.readAll())?.status == 400)
    let gone = server.connect()
    gone.send(head("/v1/completions", 50) + "{\"pro")
    gone.close()
    let isCounted = try await eventually {
      let metrics = server.ask("GET", "/metrics")?.body ?? ""
      #expect(!metrics.contains("status=\"500\""))
      return metrics.contains("path=\"/v1/completions\",status=\"400\"} 2")
    }
    #expect(isCounted)
    try await server.stop()
  }

  @Test func longTextsDoNotKeepOthersWaiting() async throws {
    let server = try await TestServer()
    let body = "{\"prompt\":\"\(String(repeating: "One day ", count: 60_000))\"}"
    let long = (0..<4).map { _ in
      let socket = server.connect()
      socket.send(post("/tokenize", body))
      return socket
    }
    try await Task.sleep(for: .milliseconds(50))
    #expect(server.ask("GET", "/health")?.status == 200)
    #expect(server.ask("POST", "/v1/completions", #"{"prompt":"a","max_tokens":1}"#)?.status == 200)
    // The last one waits for the others, so that all this came before its answer.
    #expect(!long[3].hasBytes)
    for socket in long { #expect(TestAnswer(socket.read(until: "\r\n\r\n"))?.status == 200) }
    try await server.stop()
  }

  @Test func longTextsBeyondTheQueueAreToldToComeBack() async throws {
    let bodies = LongBodies(limit: 1)
    let (begin, begun) = (DispatchSemaphore(value: 0), AsyncStream<Void>.makeStream())
    async let first: Int = bodies.work(on: 1 << 20) {
      begun.continuation.yield()
      begin.wait()
      return 1
    }
    for await _ in begun.stream { break }
    await #expect(throws: (any Error).self) { try await bodies.work(on: 1 << 20) { 2 } }
    #expect(try await bodies.work(on: 100) { 3 } == 3)
    begin.signal()
    #expect(try await first == 1)
    #expect(try await bodies.work(on: 1 << 20) { 4 } == 4)
  }

  @Test func answersOfTooManyProbabilitiesAreRefused() async throws {
    let server = try await TestServer { $0.limits.scores = 5_000 }
    func status(_ more: String) -> Int? {
      server.ask("POST", "/v1/completions", "{\"prompt\":[[70,71,72],[73]],\"max_tokens\":100,\(more)}")?.status
    }
    #expect(status("\"logprobs\":10,\"n\":2") == 200)
    #expect(status("\"logprobs\":20,\"n\":2") == 400 && status("\"logprobs\":11,\"n\":2,\"echo\":true") == 200)
    #expect(status("\"logprobs\":20,\"n\":2,\"max_tokens\":59") == 200)
    #expect(status("\"n\":4") == 200)
    try await server.stop()
  }

  @Test func headsAreAnsweredWithoutBodies() async throws {
    let server = try await TestServer()
    for path in ["/", "/health", "/v1/models", "/metrics"] {
      let answer = server.ask("HEAD", path)
      #expect(answer?.status == 200 && answer?.body == "")
    }
    #expect(server.ask("HEAD", "/nowhere")?.status == 404)
    try await server.stop()
  }

  @Test func namesThatAreNoTextAreNoModel() async throws {
    let server = try await TestServer()
    #expect(server.ask("GET", "/v1/models/%ZZ")?.status == 404 && server.ask("GET", "/v1/models/small")?.status == 200)
    #expect(server.ask("GET", "/v1/models/sm%61ll")?.status == 200)
    try await server.stop()
  }

  @Test(arguments: [false, true]) func developersAreSystemsToTemplatesThatDoNotKnowThem(_ isKnown: Bool) async throws {
    let known = isKnown ? "{% if m.role == 'developer' %}developer: {{ m.content }}{% endif %}" : ""
    let server = try await TestServer(
      template: "{% for m in messages %}{% if m.role == 'system' %}sys {{ m.content }}{% endif %}\(known){% endfor %}!")
    func tokens(_ role: String) -> Int? {
      let body = "{\"messages\":[{\"role\":\"\(role)\",\"content\":\"One day\"}],\"max_tokens\":1}"
      return server.ask("POST", "/v1/chat/completions", body)?.json?["usage"]?["prompt_tokens"]?.integer
    }
    #expect((tokens("developer") == tokens("system")) == !isKnown)
    #expect(tokens("developer")! > tokens("nobody")!)
    try await server.stop()
  }
}
