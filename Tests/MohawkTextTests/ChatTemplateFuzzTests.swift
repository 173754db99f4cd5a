import Foundation
import MohawkFiles
@testable import MohawkText
import Testing

@Suite struct ChatTemplateFuzzTests {
  private static let seeds = [
    "{%- for message in messages %}\n  {{- '<|' + message['role'] + '|>' + message.content | trim }}\n{%- endfor %}",
    "{% set ns = namespace(a=1, b=[]) %}{% for i in range(5) if i is odd %}{% set ns.a = ns.a * 2 + loop.index %}{% endfor %}{{ ns.a }}",
    "{% macro f(x, y='b') %}{{ x ~ y }}{% if x %}{{ f(x[1:]) }}{% endif %}{% endmacro %}{{ f('abc', y=2) }}",
    "{{ messages[::-1] | selectattr('role', 'equalto', 'user') | map(attribute='content') | join(', ') | upper }}",
    "{{ {'a': [1, 2.5, none], 'é': (true,)} | tojson(indent=2) }}{{ ['b', 'A'] | sort }}{{ 1 < 2 <= 3 and not 4 in [5] or 'x' }}",
    "{%- if tools is defined and tools %}{% raw %}{{ }}{% endraw %}{% else %}{# no #}{{ 'a' if x else 'b' * 3 }}{% endif -%}",
    "{% set a, b = 'x,y'.split(',') %}{% with c = a %}{{ c.strip('x').replace('', '-') }}{% endwith %}{{ -7 // 2 ** 3 % 5 }}",
    "{% for k, v in {'a': 1}.items() %}{{ loop.last }}{{ k }}={{ v }}{% break %}{% else %}{{ raise_exception('no') }}{% endfor %}",
    "{% macro m(a) %}{{ a }}{{ caller(a) }}{% endmacro %}{% call(x) m(*[1]) %}{{ '%5.1f|%(a)s' % 2 ~ '{:>{w}}'.format(x, w=4) }}{% endcall %}",
    "{% for x in [[1], 2] recursive %}{{ loop(x) if x is iterable else x|round(1) }}{% endfor %}{{ cycler(1, 2).next() }}{{ joiner()() }}",
    "{{ messages|groupby('role')|batch(2, 0)|slice(3)|list }}{{ 'a b'|truncate(3)|center(9)|urlencode|e }}{{ 'a'.find('b', 1) }}",
  ]
  private static let pieces = [
    "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "'", "\"", "\\", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":",
    "~", "**",
    "//", "%", "==", "not ", " in ", " is ", " if ", " else ", "for x in ", "endfor", "endif", "{% endif %}",
    "{% else %}",
    "loop", "namespace()", "range(99999)", "messages", "9223372036854775807", "-9223372036854775808", "1e308", "0",
    "{% set n.x = n %}", "{% macro f() %}", "{% endmacro %}", "|list", "|tojson", "|sort", "|length", "* 99999999",
    ".split('')", "[::-1]", "[::-9223372036854775807]", "é", "\u{0}", "🙂", "\r\n", "\\u", "\\x4", "{% raw %}",
    "{% endraw %}", " recursive", "{% call f() %}", "{% endcall %}", "*", "caller()", "%s", "%*d", "{:5}",
    "|groupby(0)",
    "|slice(3)", "|round(2)", ".format(", "loop(x)",
  ]

  @Test func mutatedTemplatesAreRenderedOrRefused() {
    var generator = SeededGenerator(seed: 11)
    let limits = JinjaInterpreter.Limits(steps: 2000, bytes: 1 << 16, depth: 128)
    let messages = [ChatMessage(role: "user", content: "Hi é"), ChatMessage(role: "assistant", content: " a\nb ")]
    let time = JinjaTime(Date(timeIntervalSince1970: 0))
    var outcomes: [String: Int] = [:]
    for round in 0..<20_000 {
      var text = Array(Self.seeds[round % Self.seeds.count].utf8)
      for _ in 0...Int(generator.next() % 4) {
        let place = Int(generator.next() % UInt64(text.count + 1))
        switch generator.next() % 5 {
        case 0: text.insert(contentsOf: Self.pieces[Int(generator.next() % UInt64(Self.pieces.count))].utf8, at: place)
        case 1: text.removeSubrange(place..<min(text.count, place + Int(generator.next() % 6)))
        case 2: text = Array(text.prefix(place))
        case 3: if place < text.count { text[place] = UInt8(truncatingIfNeeded: generator.next()) }
        default:
          let other = Array(Self.seeds[Int(generator.next() % UInt64(Self.seeds.count))].utf8)
          text.insert(contentsOf: other.suffix(Int(generator.next() % UInt64(other.count))), at: place)
        }
      }
      do {
        let template = try ChatTemplate(String(decoding: text, as: UTF8.self), location: "fuzz")
        _ = try template.render(messages, true, nil, [:], time, limits: limits)
        outcomes["rendered", default: 0] += 1
      } catch let error as MohawkError {
        outcomes[error.code.rawValue, default: 0] += 1
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(outcomes["rendered", default: 0] > 1000)
    #expect(outcomes["invalidFormat", default: 0] > 1000)
    #expect(outcomes["outOfRange", default: 0] > 0)
  }
}
