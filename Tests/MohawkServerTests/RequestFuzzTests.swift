import MohawkText
import Testing

@testable import MohawkServer

/// Thousands of bodies that nobody would send: each is either taken, with values in range, or refused with a sentence.
@Suite struct RequestFuzzTests {
  private static let fields = [
    "prompt", "messages", "max_tokens", "max_completion_tokens", "n", "best_of", "temperature", "top_p", "top_k",
    "min_p",
    "repetition_penalty", "frequency_penalty", "presence_penalty", "logit_bias", "seed", "stop", "stop_token_ids",
    "stream", "stream_options", "echo", "logprobs", "top_logprobs", "suffix", "tools", "model", "ignore_eos", "tokens",
    "response_format", "chat_template_kwargs", "add_generation_prompt", "add_special_tokens",
  ]

  private static let values = [
    "null", "true", "false", "0", "1", "-1", "-0", "0.0", "1e-320", "1e308", "1e999", "-1e999", "0.5", "2", "3.0",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999999", "\"\"", "\"a\"",
    "\"\\u0000\"", "\"\\ud83d\\ude00\"", "[]", "[[]]", "[null]", "[0]", "[[0],[1]]", "[\"a\",\"b\"]", "{}",
    "{\"0\":1}", "{\"-1\":1}", "{\"1\":1e9}", "{\"1\":null}", "{\"role\":\"user\",\"content\":\"a\"}",
    "[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"arguments\":\"{\"}}]}]",
    "[{\"role\":\"user\",\"content\":[\"a\"]}]",
    "[{\"role\":\"user\",\"content\":\"a\"}]", "[{\"role\":\"user\",\"content\":[]}]", "{\"type\":\"text\"}",
    "{\"include_usage\":true}", "{\"include_usage\":5}", "[1,2,3]", "[299]", "[300]", "1.5", "2.0000001",
  ]

  /// Requests must hold, or be refused with a sentence; returns whether it was taken.
  private func take(_ body: [UInt8]) -> Bool {
    let (limits, bounds) = (ServerLimits(), RequestTests.bounds)
    var taken = false
    func attempt(_ read: (RequestFields) throws -> Void) {
      do {
        try read(RequestFields(body: body))
        taken = true
      } catch let error as APIError {
        #expect((400..<500).contains(error.status) && !error.message.isEmpty && error.message.utf8.count < 2_000)
        #expect(String(validating: error.json.bytes, as: UTF8.self) != nil)
      } catch {
        Issue.record("\(error)")
      }
    }
    func check(_ fields: GenerationFields) throws {
      #expect((1...limits.choices).contains(fields.choices) && (0...limits.newTokens).contains(fields.limit ?? 0))
      try fields.sampling.validate()
    }
    attempt { try check(CompletionRequest($0, limits, bounds).fields) }
    attempt { try check(ChatRequest($0, limits, bounds).fields) }
    attempt { _ = try TokenizeRequest($0) }
    attempt { _ = try DetokenizeRequest($0, limits, bounds) }
    return taken
  }

  @Test func wrongTypesAndExtremeNumbersAreTakenOrRefused() {
    var generator = SeededGenerator(seed: 5)
    var taken = 0
    for _ in 0..<4_000 {
      var members = (0..<1 + generator.next() % 5).map { _ in
        "\"\(Self.fields.randomElement(using: &generator)!)\":\(Self.values.randomElement(using: &generator)!)"
      }
      if generator.next() % 2 == 0 { members.append("\"prompt\":\"a\"") }
      if take(Array("{\(members.joined(separator: ","))}".utf8)) { taken += 1 }
    }
    #expect(taken > 400 && taken < 3_900)
  }

  @Test func damagedBodiesAreTakenOrRefused() {
    let whole = Array(
      #"{"prompt":["a\n\u00e9",""],"max_tokens":5,"logit_bias":{"5":-1.5e1},"stop":["x"],"stream":false}"#.utf8)
    var generator = SeededGenerator(seed: 6)
    for end in whole.indices { #expect(!take(Array(whole[..<end]))) }
    for _ in 0..<2_000 {
      var bytes = whole
      for _ in 0..<1 + generator.next() % 4 {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8(truncatingIfNeeded: generator.next())
      }
      _ = take(bytes)
    }
    for _ in 0..<1_000 {
      _ = take((0..<Int.random(in: 0...64, using: &generator)).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    }
  }
}
