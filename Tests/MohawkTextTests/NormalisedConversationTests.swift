import MohawkFiles
import MohawkText
import Testing

/// How conversations of clients reach templates that are written for one form or the other.
@Suite struct SentConversationTests {
  private func render(_ template: String, _ messages: String) throws -> String {
    guard case .array(let values) = try JSONValue(json: messages) else { return "" }
    let sent = values.map { value -> ChatMessage in
      guard case .object(let members) = value else { return ChatMessage(members: []) }
      return ChatMessage(members: members.map { (String(decoding: $0.key, as: UTF8.self), $0.value) })
    }
    return try ChatTemplate(template, location: "test").render(sent: sent, addGenerationPrompt: false)
  }

  private static func call(_ arguments: String) -> String {
    """
    [{"role":"user","content":"Where?"},{"role":"assistant","content":null,"tool_calls":[{"type":"function","id":"1",\
    "function":{"name":"look","arguments":\(arguments)}}]},{"role":"tool","content":"here","tool_call_id":"1"}]
    """
  }
  private static let sent = call(#""{\"place\": \"Ulm\", \"days\": [1, null]}""#)
  private static let opening = "{% for m in messages %}{{ m.content if m.role == 'user' }}{% for c in m.tool_calls %}"
  private static let closing = "{% endfor %}{% endfor %}"

  @Test(arguments: [
    ("{{ c.function.arguments | tojson }}", #"Where?{"place": "Ulm", "days": [1, null]}"#),
    ("{{ c.function | tojson }}", #"Where?{"name": "look", "arguments": {"place": "Ulm", "days": [1, null]}}"#),
    ("{% for k, v in c.function.arguments | items %}{{ k }}={{ v }};{% endfor %}", "Where?place=Ulm;days=[1, None];"),
    ("{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }};{% endfor %}", "Where?place=Ulm;days=[1, None];"),
    ("{{ c.function.arguments.place }}", "Where?Ulm"),
    // These want the text: they join it, print it, or take it when it is a string only.
    ("{{ '```' + c.function.arguments + '```' }}", #"Where?```{"place": "Ulm", "days": [1, null]}```"#),
    ("{{ c.function.arguments }}", #"Where?{"place": "Ulm", "days": [1, null]}"#),
    ("{{ c.function.name ~ c.function.arguments }}", #"Where?look{"place": "Ulm", "days": [1, null]}"#),
    (
      "{% if c.function.arguments is string %}{{ c.function.arguments }}{% else %}{{ c.function.arguments|tojson }}{% endif %}",
      #"Where?{"place": "Ulm", "days": [1, null]}"#
    ),
  ])
  func argumentsReachTemplatesInTheFormTheyAreWrittenFor(_ template: String, _ text: String) throws {
    #expect(try render(Self.opening + template + Self.closing, Self.sent) == text)
    // Arguments that come as an object mean the same.
    let object = Self.call(#"{"place": "Ulm", "days": [1, null]}"#)
    #expect(try render(Self.opening + template + Self.closing, object) == text)
  }

  @Test(arguments: [(#""""#, "{}"), ("null", "{}"), (#""[1]""#, "[1]"), (#""{}""#, "{}")])
  func emptyArgumentsAreNone(_ arguments: String, _ text: String) throws {
    #expect(
      try render(Self.opening + "{{ c.function.arguments | tojson }}" + Self.closing, Self.call(arguments))
        == "Where?" + text)
  }

  @Test func argumentsThatAreNoJSONAreRefusedByName() {
    #expect {
      try render(Self.opening + "{{ c.function.arguments }}" + Self.closing, Self.call(#""{\"place\": ""#))
    } throws: { error in
      (error as? MohawkError)?.message.contains("the tool call 'look' are no JSON") == true
    }
  }

  @Test func anEmptyListOfCallsIsNoCall() throws {
    let messages = #"[{"role":"user","content":"a"},{"role":"assistant","content":"b","tool_calls":[]}]"#
    let template =
      "{% for m in messages %}{% if 'tool_calls' in m %}call{% else %}{{ m.content }}{% endif %}{% endfor %}"
    #expect(try render(template, messages) == "ab")
  }

  @Test func aMessageOfCallsHasEmptyContentWhereATemplateNeedsSome() throws {
    let template = "{% for m in messages %}{{ m.role + ':' + m.content + ';' }}{% endfor %}"
    #expect(try render(template, Self.sent) == "user:Where?;assistant:;tool:here;")
    let careful = "{% for m in messages %}{{ m.role }}{{ m.content if m.content is defined }};{% endfor %}"
    #expect(try render(careful, Self.sent) == "userWhere?;assistant;toolhere;")
  }

  private static let parts =
    #"[{"role":"system","content":"Be"},{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}]"#

  @Test(arguments: [
    // Templates for text.
    ("{% for m in messages %}{{ m.content }};{% endfor %}", "Be;one\ntwo;"),
    ("{% for m in messages %}{{ m.content + ';' }}{% endfor %}", "Be;one\ntwo;"),
    ("{% for m in messages %}{{ m.content | trim }};{% endfor %}", "Be;one\ntwo;"),
    ("{% for m in messages %}{{ m.content | tojson }};{% endfor %}", "\"Be\";\"one\\ntwo\";"),
    // Templates that walk through parts, some of them only those of users.
    (
      "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}<{{ p.text }}>{% endfor %}{% endif %};{% endfor %}",
      "Be;<one><two>;"
    ),
    (
      "{% macro show(c) %}{% if c is string %}{{ c }}{% else %}{% for p in c %}{% if p.type == 'text' %}<{{ p['text'] }}>{% endif %}{% endfor %}{% endif %}{% endmacro %}{% for m in messages %}{{ show(m.content) }};{% endfor %}",
      "Be;<one><two>;"
    ),
    ("{% for m in messages %}{% for p in m.content %}<{{ p.text }}>{% endfor %};{% endfor %}", "<Be>;<one><two>;"),
    (
      "{% for m in messages %}{% for p in m.content | selectattr('type', 'equalto', 'text') %}{{ p.text }}/{% endfor %}{% endfor %}",
      "Be/one/two/"
    ),
    (
      "{% for m in messages %}{% if m.role == 'system' %}{{ m.content + ';' }}{% else %}{% for p in m.content %}<{{ p.text }}>{% endfor %}{% endif %}{% endfor %}",
      "Be;<one><two>"
    ),
  ])
  func partsReachTemplatesThatWalkThroughThem(_ template: String, _ text: String) throws {
    #expect(try render(template, Self.parts) == text)
  }

  @Test func textReachesTemplatesThatOnlyWalkThroughParts() throws {
    let template =
      "{% for m in messages %}{{ m.role }}:{% for p in m.content %}{{ p['text'] }}{% endfor %};{% endfor %}"
    let messages = #"[{"role":"user","content":"Hello"},{"role":"assistant","content":"there"}]"#
    #expect(try render(template, messages) == "user:Hello;assistant:there;")
  }

  @Test func whatATemplateRefusesStaysRefused() {
    let template = "{% if messages|length > 0 %}{{ raise_exception('roles must alternate') }}{% endif %}"
    for messages in [Self.sent, Self.parts] {
      #expect {
        try render(template, messages)
      } throws: { ($0 as? MohawkError)?.message.contains("roles must alternate") == true }
    }
  }

  @Test func whatAssistantsThoughtMayBeDropped() throws {
    let template = "{% for m in messages %}{{ m.content.split('</think>')[-1] }};{% endfor %}"
    let messages =
      #"[{"role":"user","content":"a"},{"role":"assistant","content":"<think>x</think>b"},{"role":"user","content":"c"}]"#
    #expect(try render(template, messages) == "a;b;c;")
  }
}
