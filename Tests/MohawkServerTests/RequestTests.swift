import MohawkText
import Testing

@testable import MohawkServer

@Suite struct RequestTests {
  static let bounds = ModelBounds(ids: 300, maxLength: nil)

  private func completion(_ json: String) throws -> CompletionRequest {
    try CompletionRequest(RequestFields(body: Array(json.utf8)), ServerLimits(), Self.bounds)
  }

  private func chat(_ json: String) throws -> ChatRequest {
    try ChatRequest(RequestFields(body: Array(json.utf8)), ServerLimits(), Self.bounds)
  }

  /// The field that is complained about.
  private func complaint(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch let error as APIError {
      #expect(error.status == 400 && error.type == "invalid_request_error" && !error.message.isEmpty)
      return error.parameter ?? "body"
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }

  @Test func promptsAreTextsOrTokensOrListsOfEither() throws {
    #expect(try completion(#"{"prompt":"a"}"#).prompts == [.text("a")])
    #expect(try completion(#"{"prompt":["a","b"]}"#).prompts == [.text("a"), .text("b")])
    #expect(try completion(#"{"prompt":[1,2]}"#).prompts == [.ids([1, 2])])
    #expect(try completion(#"{"prompt":[[1],[2,3]]}"#).prompts == [.ids([1]), .ids([2, 3])])
  }

  @Test(arguments: [
    #"{}"#, #"{"prompt":null}"#, #"{"prompt":[]}"#, #"{"prompt":[[]]}"#, #"{"prompt":{}}"#, #"{"prompt":5}"#,
    #"{"prompt":["a",1]}"#, #"{"prompt":[1,"a"]}"#, #"{"prompt":[[1],"a"]}"#, #"{"prompt":[300]}"#, #"{"prompt":[-1]}"#,
    #"{"prompt":[1.5]}"#, #"{"prompt":[1e400]}"#, #"{"prompt":[99999999999999999999]}"#, #"{"prompt":[[1,[2]]]}"#,
  ]) func otherPromptsAreRefused(_ json: String) {
    #expect(complaint { _ = try completion(json) } == "prompt")
  }

  @Test(arguments: [
    ("max_tokens", "-1"), ("max_tokens", "5000"), ("max_tokens", "1.5"), ("max_tokens", "\"5\""), ("n", "0"),
    ("n", "9"),
    ("best_of", "2"), ("temperature", "-0.1"), ("temperature", "2.1"), ("temperature", "\"hot\""), ("top_p", "1.1"),
    ("min_p", "-1"), ("top_k", "-2"), ("top_k", "0.5"), ("repetition_penalty", "0"), ("frequency_penalty", "3"),
    ("presence_penalty", "-3"), ("logit_bias", "[]"), ("logit_bias", #"{"a":1}"#), ("logit_bias", #"{"300":1}"#),
    ("logit_bias", #"{"1":101}"#), ("logit_bias", #"{"1":"x"}"#), ("seed", "0.5"), ("seed", "1e300"), ("stop", "5"),
    ("stop", "[5]"), ("stop_token_ids", "[300]"), ("stop_token_ids", "5"), ("stream", "1"), ("echo", "\"yes\""),
    ("logprobs", "21"), ("logprobs", "-1"), ("suffix", "\"x\""), ("stream_options", "{}"), ("ignore_eos", "0"),
    ("model", "5"), ("max_completion_tokens", "[]"),
  ]) func valuesOutOfRangeAreRefusedByName(_ field: String, _ value: String) {
    #expect(complaint { _ = try completion("{\"prompt\":\"a\",\"\(field)\":\(value)}") } == field)
  }

  @Test func unknownFieldsAndNullsAreAccepted() throws {
    let request = try completion(
      #"{"prompt":"a","max_tokens":null,"stop":null,"seed":null,"user":"me","do_sample":true,"whatever":{"a":[1]}}"#)
    #expect(request.fields.limit == nil && request.fields.stops.isEmpty && request.alternatives == nil)
  }

  @Test func sentValuesAreTaken() throws {
    let request = try completion(
      #"""
      {"prompt":"a","max_tokens":7,"n":2,"best_of":2,"temperature":0,"top_p":0.5,"top_k":-1,"min_p":0.1,"seed":-3,"echo":true,
      "repetition_penalty":1.5,"frequency_penalty":1,"presence_penalty":-1,"logit_bias":{"5":-100},"stop":["x","y"],
      "stop_token_ids":[7],"ignore_eos":true,"logprobs":3,"stream":true,"stream_options":{"include_usage":true},"model":"m"}
      """#)
    let (fields, sampling) = (request.fields, request.fields.sampling)
    #expect(fields.limit == 7 && fields.choices == 2 && fields.stops == ["x", "y"] && fields.stopIDs == [7])
    #expect(fields.ignoresEnds && fields.streams && fields.includesUsage && fields.model == "m" && request.echoes)
    #expect(sampling.temperature == 0 && sampling.topP == 0.5 && sampling.topK == 0 && sampling.minP == 0.1)
    #expect(sampling.repetitionPenalty == 1.5 && sampling.frequencyPenalty == 1 && sampling.presencePenalty == -1)
    #expect(sampling.logitBias == [5: -100] && sampling.seed == UInt64(bitPattern: -3) && request.alternatives == 3)
    #expect(throws: Never.self) { try sampling.validate() }
  }

  @Test(arguments: ["9223372036854775807", "-9223372036854775808", "9007199254740993"])
  func everySeedOfSixtyFourBitsIsTakenAsItIs(_ seed: String) throws {
    let sampling = try completion("{\"prompt\":\"a\",\"seed\":\(seed)}").fields.sampling
    #expect(sampling.seed == UInt64(bitPattern: Int64(seed)!))
    #expect(complaint { _ = try completion(#"{"prompt":"a","seed":9223372036854775808}"#) } == "seed")
    #expect(try completion(#"{"prompt":"a","max_tokens":3e1}"#).fields.limit == 30)
  }

  @Test func completionsOfAFormatAreRefusedByName() {
    func refused(_ type: String) -> String? {
      complaint { _ = try completion("{\"prompt\":\"a\",\"response_format\":{\"type\":\"\(type)\"}}") }
    }
    #expect(refused("json_object") == "response_format" && refused("text") == nil)
  }

  @Test func toolsAreForTheTemplateUnlessTheyAreNotWanted() throws {
    let start = #"{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"}]"#
    for choice in ["", #","tool_choice":"auto""#, #","tool_choice":null"#] {
      #expect(try chat(start + choice + "}").prompt.tools != nil)
    }
    #expect(try chat(start + #","tool_choice":"none"}"#).prompt.tools == nil)
  }

  @Test func topPOfZeroTakesTheLikeliest() throws {
    let sampling = try completion(#"{"prompt":"a","top_p":0,"top_k":50}"#).fields.sampling
    #expect(sampling.topP == 1 && sampling.topK == 1)
  }

  @Test(arguments: [
    "", "{", "[1]", "null", "\"a\"", "{\"prompt\":\"a\"} x", "{'prompt':'a'}", "{\"prompt\":NaN}",
    String(repeating: "[", count: 100_000), "{\"a\":\"\\ud800\"}",
  ]) func whatIsNoJSONObjectIsRefused(_ body: String) {
    #expect(complaint { _ = try completion(body) } == "body")
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    #expect(throws: APIError.self) {
      try RequestFields(body: Array("{\"prompt\":\"".utf8) + [0xFF] + Array("\"}".utf8))
    }
  }

  @Test func messagesAreTextsOrPartsOfText() throws {
    let json = #"""
      {"messages":[{"role":"system","content":"a"},{"role":"user","content":[{"type":"text","text":"b"},
      {"type":"text","text":"c"}],"name":"x"},{"role":"assistant","content":null,"tool_calls":[]}],"max_completion_tokens":3}
      """#
    let request = try chat(json)
    #expect(request.fields.limit == 3 && request.prompt.messages.count == 3)
    let content = request.prompt.messages[1].members.first { $0.key == "content" }?.value
    #expect(
      content.map { String(decoding: $0.bytes, as: UTF8.self) }
        == #"[{"type":"text","text":"b"},{"type":"text","text":"c"}]"#)
  }

  @Test(arguments: [
    (#"{"type":"input_text","text":"a"}"#, "a"), (#"{"type":"output_text","text":"b"}"#, "b"),
    (#"{"type":"refusal","refusal":"no"}"#, "no"), (#""plain""#, "plain"),
  ]) func partsOfOtherNamesForTextAreText(_ part: String, _ text: String) throws {
    let request = try chat("{\"messages\":[{\"role\":\"user\",\"content\":[\(part)]}]}")
    let content = request.prompt.messages[0].members.first { $0.key == "content" }?.value
    #expect(
      content.map { String(decoding: $0.bytes, as: UTF8.self) } == "[{\"type\":\"text\",\"text\":\"\(text)\"}]")
  }

  @Test(arguments: [
    #"{}"#, #"{"messages":[]}"#, #"{"messages":"hi"}"#, #"{"messages":[5]}"#, #"{"messages":[{"content":"a"}]}"#,
    #"{"messages":[{"role":5,"content":"a"}]}"#, #"{"messages":[{"role":"user"}]}"#,
    #"{"messages":[{"role":"user","content":null}]}"#, #"{"messages":[{"role":"user","content":5}]}"#,
    #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}"#,
  ]) func otherMessagesAreRefused(_ json: String) {
    #expect(complaint { _ = try chat(json) } == "messages")
  }

  @Test(arguments: [
    ("top_logprobs", "2"), ("response_format", #"{"type":"json_object"}"#), ("tools", "5"), ("max_tokens", "0"),
    ("chat_template_kwargs", "[]"), ("tool_choice", #""required""#), ("tool_choice", #"{"type":"function"}"#),
    ("functions", "[]"), ("function_call", #""auto""#), ("continue_final_message", "true"), ("chat_template", #""x""#),
  ]) func whatChatsCannotDoIsRefusedByName(_ field: String, _ value: String) {
    let json = "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"\(field)\":\(value)}"
    #expect(complaint { _ = try chat(json) } == field)
  }
}
