import Foundation
import MohawkFiles
import Testing

@testable import MohawkText

/// Every filter, test and function that Jinja 3.1 has is held by a golden of the package jinja2, or refused by its name.
@Suite struct JinjaBuiltinTests {
  /// What chance decides.
  static let refused = ["random", "lipsum"]
  static let functions = ["range", "dict", "lipsum", "cycler", "joiner", "namespace"]

  private static let templates: String = {
    let path = Bundle.module.resourceURL!.appendingPathComponent("Goldens/chat.json").path
    let root = try! JSONValue(json: String(contentsOfFile: path, encoding: .utf8))
    guard case .object(let members)? = root["templates"] else { return "" }
    return members.compactMap(\.value.text).joined(separator: "\n")
  }()

  private func uses(_ pattern: String) throws -> Bool { try Self.templates.contains(Regex(pattern)) }

  @Test(arguments: JinjaInterpreter.filterNames.sorted()) func filtersAreHeldByAGolden(_ name: String) throws {
    #expect(
      try uses(#"\|\s*\#(name)\b"#) || uses(#"(map|filter)\s*\(?['" ]\#(name)\b"#) || Self.refused.contains(name))
  }

  @Test(arguments: JinjaInterpreter.testNames.sorted()) func testsAreHeldByAGolden(_ name: String) throws {
    let word = NSRegularExpression.escapedPattern(for: name)
    #expect(try uses(#"\bis\s+(not\s+)?\#(word)"#) || uses(#"(select|reject)(attr)?\([^)]*['"]\#(word)['"]"#))
  }

  @Test(arguments: functions) func functionsAreHeldByAGolden(_ name: String) throws {
    #expect(try uses(#"\b\#(name)\s*\("#) || Self.refused.contains(name))
  }

  @Test(arguments: [
    ("{{ [1, 2]|random }}", "the filter `random`"), ("{{ lipsum() }}", "lipsum"),
    ("{{ 'a'|urlize(extra_schemes=['x:']) }}", "`extra_schemes`"), ("{{ 'http://ä.de'|urlize }}", "beyond ASCII"),
    ("{{ '&copy; 2024'|striptags }}", "the reference '&copy'"),
    ("{{ 'a &notit b'|striptags }}", "the reference '&notit'"),
    ("{{ '&#128;'|striptags }}", "the reference '&#128'"), ("{{ ('a b ' * 30)|pprint }}", "more than one line"),
    ("{{ {1: 2}|pprint }}", "keys that are no text"),
    ("{{ messages|map('upper')|pprint }}", "a value of type iterator"),
  ])
  func whatIsNotAsInJinjaIsRefusedByName(_ template: String, _ name: String) throws {
    let error = #expect(throws: MohawkError.self) {
      try ChatTemplate(template, location: "t").render(messages: [ChatMessage(role: "user", content: "x")])
    }
    #expect(error?.message.contains(name) == true, "\(String(describing: error))")
  }

  @Test func longTextsOfTagsEnd() throws {
    let text = String(repeating: "<!---->", count: 20_000) + String(repeating: "&lt;<a>", count: 20_000)
    let template = try ChatTemplate("{{ messages[0].content|striptags|length }}", location: "t")
    #expect(try template.render(messages: [ChatMessage(role: "user", content: text)]) == "20000")
  }
}
