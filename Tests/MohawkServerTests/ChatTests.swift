import Foundation
import MohawkText
import Testing

@testable import MohawkServer

extension ServerTests {
  private static let call =
    #"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"look","arguments":"{\"a\": 1}"}}]}],"max_tokens":1}"#

  @Test(arguments: [
    "{% call f() %}{% endcall %}{% import 'x' as y %}", "{{ 'open ", "{% for x in y %}", "{% nothing %}",
  ]) func aTemplateThatCannotBeUsedStopsChatsAlone(_ template: String) async throws {
    let server = try await TestServer(template: template)
    let refused = server.ask("POST", "/v1/chat/completions", #"{"messages":[{"role":"user","content":"a"}]}"#)
    #expect(refused?.status == 400 && refused?.error?["code"]?.text == "chat_template_unusable")
    #expect(refused?.error?["message"]?.text?.contains("chat_template.jinja") == true)
    #expect(server.ask("POST", "/v1/completions", #"{"prompt":"a","max_tokens":1}"#)?.status == 200)
    #expect(server.ask("POST", "/tokenize", #"{"prompt":"a"}"#)?.status == 200)
    let chats = server.ask("POST", "/tokenize", #"{"messages":[{"role":"user","content":"a"}]}"#)
    #expect(chats?.status == 400 && chats?.error?["code"]?.text == "chat_template_unusable")
    #expect(server.ask("GET", "/v1/models")?.body.contains("\"chat\":false") == true)
    try await server.stop()
  }

  @Test func aListOfTemplatesWithoutADefaultStopsChatsAlone() async throws {
    let server = try await TestServer(
      files: ["tokenizer_config.json": #"{"chat_template":[{"name":"rag","template":"x"}]}"#])
    let refused = server.ask("POST", "/v1/chat/completions", #"{"messages":[{"role":"user","content":"a"}]}"#)
    #expect(refused?.status == 400 && refused?.error?["message"]?.text?.contains("'default'") == true)
    #expect(server.ask("POST", "/v1/completions", #"{"prompt":"a","max_tokens":1}"#)?.status == 200)
    try await server.stop()
  }

  @Test func argumentsAndPartsReachTheTemplateAsItReadsThem() async throws {
    let server = try await TestServer(
      template:
        "{% for m in messages %}{% for c in m.tool_calls %}{% for k, v in c.function.arguments|items %}{{ k }}={{ v }}"
        + "{% endfor %}{% endfor %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}")
    #expect(server.ask("POST", "/v1/chat/completions", Self.call)?.status == 200)
    let ids = server.ask("POST", "/tokenize", Self.call)?.json?["tokens"]?.bytes ?? []
    let body = "{\"tokens\":\(String(decoding: ids, as: UTF8.self))}"
    #expect(server.ask("POST", "/detokenize", body)?.json?["prompt"]?.text == "Goa=1")
    try await server.stop()
  }

  @Test func conversationsAreTokenizedAsTheyAreContinued() async throws {
    let server = try await TestServer(
      template:
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{{ 'assistant:' if add_generation_prompt }}")
    func tokens(_ more: String) -> Int? {
      let body = "{\"messages\":[{\"role\":\"user\",\"content\":\"One day\"}]\(more)}"
      let answer = server.ask("POST", "/tokenize", body)?.json
      #expect(answer?["count"]?.integer != nil)
      return answer?["count"]?.integer
    }
    let chat = server.ask(
      "POST", "/v1/chat/completions", #"{"messages":[{"role":"user","content":"One day"}],"max_tokens":1}"#)
    #expect(tokens("") == chat?.json?["usage"]?["prompt_tokens"]?.integer)
    #expect(tokens(",\"add_generation_prompt\":false")! < tokens("")!)
    #expect(server.ask("POST", "/tokenize", #"{"messages":[],"prompt":"a"}"#)?.error?["param"]?.text == "prompt")
    #expect(server.ask("POST", "/tokenize", #"{"messages":[]}"#)?.error?["param"]?.text == "messages")
    try await server.stop()
  }
}
