import Foundation
import MohawkDecoding
import MohawkServing
import Testing

@testable import MohawkServer

/// A server whose model has a draft.
@Suite(.serialized, .onOtherThreads) struct DraftTests {
  private func number(_ name: String, _ server: TestServer) -> Int? {
    let lines = (server.ask("GET", "/metrics")?.body ?? "").split(separator: "\n")
    return lines.first { $0.hasPrefix("\(name){model=\"small\"} ") }?.split(separator: " ").last.flatMap { Int($0) }
  }

  @Test func answersAreThoseOfAServerWithoutOne() async throws {
    let bodies = [
      #"{"prompt":"One day","max_tokens":30,"temperature":0,"ignore_eos":true,"logprobs":2}"#,
      #"{"prompt":["One day","They saw"],"max_tokens":12,"temperature":0,"n":1,"ignore_eos":true}"#,
      #"{"prompt":"One day","max_tokens":20,"temperature":0,"frequency_penalty":1,"stop":["qqq"]}"#,
      #"{"prompt":"One day","max_tokens":20,"temperature":1,"seed":5,"ignore_eos":true}"#,
    ]
    let plain = try await TestServer()
    let wanted = bodies.map { plain.ask("POST", "/v1/completions", $0)?.json?["choices"]?.bytes }
    #expect(number("mohawk_draft_proposed_total", plain) == 0)
    try await plain.stop()
    // Of the model itself every proposal is right, of its first layer not all are.
    for layers in [2, 1] {
      let server = try await TestServer(
        draft: { BatchDraft(layers == 2 ? DecodingEngine($0.model) : $0.firstLayers(layers), longest: 3) })
      let found = bodies.map { server.ask("POST", "/v1/completions", $0)?.json?["choices"]?.bytes }
      #expect(found == wanted && !found.contains { $0 == nil })
      let proposed = try #require(number("mohawk_draft_proposed_total", server))
      let accepted = try #require(number("mohawk_draft_accepted_total", server))
      #expect(proposed > 0 && accepted <= proposed && (layers == 1 || accepted == proposed))
      let stream = server.ask("POST", "/v1/completions", bodies[2].dropLast() + #","stream":true}"#)
      #expect(stream?.body.contains("data: [DONE]") == true)
      try await server.stop()
    }
  }

  @Test func aDraftThatCannotBeOpenedIsThrown() async {
    struct Broken: Error {}
    await #expect(throws: Broken.self) { try await TestServer(draft: { _ in throw Broken() }) }
  }
}
