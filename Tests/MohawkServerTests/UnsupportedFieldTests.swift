import MohawkText
import Testing

@testable import MohawkServer

/// Fields of other servers: what would change an answer is obeyed or refused, never passed over.
@Suite struct UnsupportedFieldTests {
  private func complaint(_ field: String, _ value: String, isChat: Bool) throws -> String? {
    let start = isChat ? #""messages":[{"role":"user","content":"a"}]"# : #""prompt":"a""#
    let fields = try RequestFields(body: Array("{\(start),\"\(field)\":\(value)}".utf8))
    do {
      if isChat {
        _ = try ChatRequest(fields, ServerLimits(), RequestTests.bounds)
      } else {
        _ = try CompletionRequest(fields, ServerLimits(), RequestTests.bounds)
      }
      return nil
    } catch {
      #expect(error.status == 400 && error.message.contains("is not supported"))
      return error.parameter
    }
  }

  @Test(arguments: [
    ("guided_json", #"{"type":"object"}"#), ("guided_choice", #"["a"]"#), ("structured_outputs", #"{"regex":"a"}"#),
    ("grammar", #""root ::= 'a'""#), ("use_beam_search", "true"), ("num_beams", "2"), ("length_penalty", "2"),
    ("min_tokens", "3"), ("n_predict", "5"), ("max_new_tokens", "5"), ("repeat_penalty", "1.1"), ("typical_p", "0.5"),
    ("mirostat", "2"), ("bad_words", #"["a"]"#), ("allowed_token_ids", "[1]"), ("skip_special_tokens", "false"),
    ("include_stop_str_in_output", "true"), ("truncate_prompt_tokens", "4"), ("prompt_logprobs", "0"),
    ("return_tokens_as_token_ids", "true"), ("do_sample", "false"), ("modalities", #"["text","audio"]"#),
    ("options", #"{"temperature":0}"#), ("extra_body", #"{"top_k":1}"#),
  ]) func whatWouldChangeAnAnswerIsRefusedByName(_ field: String, _ value: String) throws {
    #expect(try complaint(field, value, isChat: true) == field)
    #expect(try complaint(field, value, isChat: false) == field)
  }

  @Test(arguments: [
    ("guided_json", "null"), ("guided_json", "{}"), ("use_beam_search", "false"), ("num_beams", "1"),
    ("length_penalty", "1.0"), ("min_tokens", "0"), ("bad_words", "[]"), ("skip_special_tokens", "true"),
    ("truncate_prompt_tokens", "null"), ("do_sample", "true"), ("modalities", #"["text"]"#), ("grammar", #""""#),
    ("user", #""me""#), ("cache_prompt", "true"), ("priority", "1"), ("store", "false"), ("metadata", #"{"a":"b"}"#),
  ]) func whatChangesNothingIsAccepted(_ field: String, _ value: String) throws {
    #expect(try complaint(field, value, isChat: true) == nil)
    #expect(try complaint(field, value, isChat: false) == nil)
  }

  @Test func whatDependsOnTheKindOfRequestIsRefusedThere() throws {
    #expect(try complaint("echo", "true", isChat: true) == "echo")
    #expect(try complaint("echo", "true", isChat: false) == nil)
    #expect(try complaint("add_special_tokens", "true", isChat: true) == "add_special_tokens")
    #expect(try complaint("add_special_tokens", "false", isChat: false) == "add_special_tokens")
    #expect(try complaint("add_special_tokens", "false", isChat: true) == nil)
  }

  @Test func theMostLikelyTokenMayBeAskedForTwice() throws {
    let fields = try RequestFields(body: Array(#"{"prompt":"a","do_sample":false,"temperature":0}"#.utf8))
    #expect(try CompletionRequest(fields, ServerLimits(), RequestTests.bounds).fields.sampling.temperature == 0)
  }

  @Test func documentsAndEffortReachTheTemplate() throws {
    let fields = try RequestFields(
      body: Array(
        #"{"messages":[{"role":"user","content":"a"}],"documents":[{"text":"d"}],"reasoning_effort":"low","chat_template_kwargs":{"reasoning_effort":"high"}}"#
          .utf8))
    let prompt = try ChatRequest(fields, ServerLimits(), RequestTests.bounds).prompt
    let template = try ChatTemplate(
      "{{ documents[0].text }} {{ reasoning_effort }} {{ messages[0].content }}", location: "template")
    #expect(try prompt.text(template) == "d high a")
  }
}
