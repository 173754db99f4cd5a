import Foundation
import MohawkFiles
@testable import MohawkText
import Testing

@Suite struct ChatTemplateTests {
  private let hello = [ChatMessage(role: "user", content: "Hello")]
  private let short = JinjaInterpreter.Limits(steps: 20_000, bytes: 1 << 20, depth: 128)

  private func render(_ source: String, _ variables: [String: JSONValue] = [:]) throws -> String {
    try ChatTemplate(source, location: "test").render(messages: hello, variables: variables)
  }

  private func error(_ source: String) -> MohawkError? {
    do {
      _ = try ChatTemplate(source, location: "test").render(
        hello, true, nil, [:], JinjaTime(Date(timeIntervalSince1970: 0)), limits: short)
      return nil
    } catch {
      return error as? MohawkError
    }
  }

  @Test(arguments: [
    ("{% import 'x' as y %}", "`{% import %}`"), ("{% include 'x' %}", "`{% include %}`"),
    ("{% block x %}{% endblock %}", "`{% block %}`"), ("{% do f() %}", "`{% do %}`"),
    ("{{ [1] | random }}", "the filter `random`"), ("{{ 1 is nothing }}", "the test `nothing`"),
    ("{{ 'a'.encode() }}", "the method `encode`"), ("{{ '%a' % 1 }}", "`%a`"),
    ("{{ lipsum() }}", "`lipsum`"), ("{{ 9223372036854775807 + 1 }}", "64 bits"),
    ("{{ 9223372036854775808 }}", "64 bits"),
    ("{{ namespace() }}", "as text"), ("{{ '{:n}'.format(1.5) }}", "`n`"), ("{{ cycler(1) }}", "as text"),
    ("{{ strftime_now('%Q') }}", "strftime_now"),
    ("{{ 'a'|safe|upper }}", "`safe`"),
  ])
  func whatIsNotSupportedIsNamedWithItsLine(source: String, name: String) throws {
    let error = try #require(self.error("\n" + source))
    #expect(error.code == .unsupported)
    #expect(error.message.contains(name) && error.message.contains("(line 2), which is not supported"), "\(error)")
    #expect(error.location == "test")
  }

  @Test func faultsTellTheirLine() throws {
    #expect(
      error("\n\n{{ messages[5].content }}")?.message
        == "a value of type list has no '[int]' (line 3) in the chat template")
    #expect(error("a\n{% if %}")?.message.contains("(line 2)") == true)
    #expect(error("{{ raise_exception('not so') }}")?.message.contains("not so") == true)
  }

  @Test(arguments: [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(x) %}{{ g(x) }}{% endmacro %}{% macro g(x) %}{{ f(x ~ x) }}{% endmacro %}{{ f('a') }}",
    "{% for x in [1] recursive %}{{ loop([x]) }}{% endfor %}",
    "{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}",
    "{{ '%999999999d' % 1 }}", "{{ '{:>999999999}'.format(1) }}", "{{ 'a'|center(10 ** 9) }}",
    "{{ [1]|slice(10 ** 9)|list }}",
    "{{ [1]|batch(10 ** 9, 0)|list }}", "{{ 'a'.zfill(10 ** 9) }}",
    "{{ ('\\t' * 9999)|string }}{{ '\\t'.expandtabs(10 ** 9) }}",
    "{{ range(10 ** 9) }}", "{{ 'a' * 10 ** 12 }}", "{{ [0] * 10 ** 12 }}", "{{ 2 ** 10 ** 10 }}",
    "{% set n = namespace(x='ab') %}{% for i in range(100) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% set n = namespace(x=[1]) %}{% for i in range(100) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x|tojson }}",
    "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}"
      + "{% endfor %}{{ n.x == n.y }}{{ n.x < n.y }}",
    "{% set n = namespace(x=[]) %}{% for i in range(5000) %}{% set n.x = [n.x] %}{% endfor %}",
    "{{ 'aaaaaaaaaa'.replace('', 'x' * 100000) }}{{ ('a' * 500).replace('a', 'b' * 100000) }}",
    "{{ ','.join(['a' * 1000] * 10000) }}", "{{ 'a'|indent(10 ** 9) }}", "{{ [1]|tojson(indent=10 ** 9) }}",
    "{{ ('a\\n' * 5000)|indent('x' * 5000) }}",
  ])
  func aHostileTemplateIsStopped(source: String) {
    #expect(error(source) != nil)
  }

  /// Openings that are repeated, with what stands before and after them.
  private static let deep = [
    ("{{ ", "(", ""), ("{{ ", "[", ""), ("{{ ", "{1:", ""), ("{{ ", "not ", "1 }}"), ("{{ ", "- ", "1 }}"),
    ("{{ 1", " + 1", " }}"),
    ("{{ 1", "|abs", " }}"), ("{{ 1", " if 1", " }}"), ("{{ 1", " if 1 else 1", " }}"), ("{{ x", ".a", " }}"),
    ("{{ x", "[0", ""),
    ("{{ 1", " or 1 and 1 == 1 + 1 ~ 1 * 1 ** (1", ""), ("{{ x", "(", ""), ("{{ x", "|f(", ""), ("{{ x", " is f(x", ""),
    ("", "{% if 1 %}", ""), ("", "{% for x in y %}", ""), ("", "{% macro x() %}", ""), ("", "{% set x %}", ""),
    ("", "{% generation %}", ""), ("{% set ", "(", ""),
  ]

  @Test func depthIsStoppedOnASmallStack() async throws {
    let errors: [MohawkError?] = await withCheckedContinuation { continuation in
      let thread = Thread {
        var errors = Self.deep.map { start, piece, end in
          self.error(start + String(repeating: piece, count: 20_000) + end)
        }
        errors += (0..<70).map { depth in
          self.error(
            """
            {% set n = namespace(x=[]) %}{% for i in range(130) %}{% set n.x = [n.x] %}{% endfor %}\
            {% macro f(k) %}{% if 1 %}{{ (f(k - 1) if k > 0 else n.x|tojson ~ n.x ~ (n.x == [n.x])) }}{% endif %}{% endmacro %}\
            {{ f(\(depth)) }}
            """)
        }
        continuation.resume(returning: errors)
      }
      // Half a MiB is what threads have on some systems; code that is not optimized needs more.
      #if DEBUG
        thread.stackSize = 1536 << 10
      #else
        thread.stackSize = 512 << 10
      #endif
      thread.start()
    }
    for (error, (start, piece, _)) in zip(errors, Self.deep) { #expect(error != nil, "\(start)\(piece)") }
    #expect(errors[Self.deep.count] == nil && errors.last??.code == .outOfRange)
  }

  @Test func searchingTakesLinearTime() throws {
    #expect(try render("{{ (('a' * 500000) ~ 'b') in ('a' * 600000) }}") == "False")
  }

  @Test func aTemplateThatHoldsOnToItselfIsFreed() throws {
    let source = """
      {% set n = namespace() %}{% set n.me = n %}{% macro m() %}{{ n }}{% endmacro %}{% set n.m = m %}\
      {% for i in range(3) %}{% set n.l = loop %}{% set n.b = n.l.cycle %}{% endfor %}done
      """
    #expect(try render(source) == "done")
  }

  @Test func longChainsFreeTheirNamespacesWithoutDepth() throws {
    let source = """
      {% set n = namespace(x=0) %}{% for i in range(50000) %}{% set n.x = namespace(x=n.x) %}{% endfor %}done
      """
    #expect(try render(source) == "done")
  }

  @Test func timeIsToldInTheFormatsOfC() throws {
    var time = JinjaTime(Date(timeIntervalSince1970: 0))
    (time.year, time.month, time.day, time.hour, time.minute, time.second) = (2024, 7, 4, 15, 5, 9)
    (time.weekday, time.dayOfYear) = (4, 185)
    let format = "%d %b %Y|%B %e, %A %a|%H:%M:%S %I %p|%y %j %m|%-d.%-m. %-I|%F %T %%"
    #expect(
      String(decoding: try time.formatted(Array(format.utf8)), as: UTF8.self)
        == "04 Jul 2024|July  4, Thursday Thu|15:05:09 03 PM|24 186 07|4.7. 3|2024-07-04 15:05:09 %")
  }

  @Test func theTemplateOfAFolderIsFound() throws {
    let folder = try TemporaryFolder()
    #expect(try ChatTemplate.ofFolder(folder.path) == nil)
    try folder.write(
      "tokenizer_config.json",
      #"{"bos_token": {"content": "<s>"}, "add_bos_token": true, "chat_template": [{"name": "default", "template": "{{ bos_token }}{{ pad_token }}{{ eos_token }}"}, {"name": "tool_use", "template": "{{ tools|length }}"}], "extra_special_tokens": {"eos_token": "</s>"}}"#
    )
    try folder.write("special_tokens_map.json", #"{"bos_token": "other", "pad_token": "<pad>"}"#)
    let template = try #require(try ChatTemplate.ofFolder(folder.path))
    #expect(try template.render(messages: hello) == "other<pad></s>")
    #expect(try template.render(messages: hello, tools: .array([.null])) == "1")
    try folder.write("chat_template.jinja", "{{ messages[0].content ~ bos_token }}\n")
    #expect(try ChatTemplate.ofFolder(folder.path)?.render(messages: hello) == "Helloother")
  }

  @Test(arguments: [
    #"{"chat_template": 5}"#, #"{"chat_template": [{"name": "default"}]}"#, #"{"chat_template": "{{"}"#, "[]", "{",
    #"{"chat_template": [{"name": "rag", "template": ""}]}"#,
  ])
  func aDamagedFolderIsRefused(configuration: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("tokenizer_config.json", configuration)
    #expect { try ChatTemplate.ofFolder(folder.path) } throws: { ($0 as? MohawkError)?.location == path }
  }

  @Test func whatIsNotAskedForIsNotThere() throws {
    #expect(
      try render("{{ tools }}{{ documents }}{{ bos_token is defined }}{{ add_generation_prompt }}")
        == "NoneNoneFalseTrue")
    #expect(try render("{{ thinking }}", ["thinking": .bool(false)]) == "False")
  }

  @Test func nullMembersOfAMessageAreNotThere() throws {
    let message = ChatMessage(role: "user", content: "a", more: [("tool_calls", .null), ("reasoning", JSONValue("r"))])
    let template = try ChatTemplate("{{ messages[0]|tojson }}", location: "test")
    #expect(
      try template.render(messages: [message])
        == #"{"thinking": "r", "role": "user", "content": "a", "reasoning": "r", "reasoning_content": "r"}"#)
  }
}
