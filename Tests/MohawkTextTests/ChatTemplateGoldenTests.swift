import Foundation
import MohawkFiles
@testable import MohawkText
import Testing

/// What the PyPI package `transformers` renders, written by Scripts/goldens/chat_goldens.py.
private struct ChatGoldens {
  let root: JSONValue
  let templates: [String: String]
  let conversations: [String: [ChatMessage]]
  let cases: [JSONValue]

  init() throws {
    let folder = Bundle.module.resourceURL!.appendingPathComponent("Goldens").path
    root = try JSONValue(json: String(contentsOfFile: folder + "/chat.json", encoding: .utf8))
    templates = Dictionary(uniqueKeysWithValues: root["templates"]!.namedMembers.map { ($0.key, $0.value.text!) })
    conversations = Dictionary(
      uniqueKeysWithValues: root["conversations"]!.namedMembers.map { name, messages in
        (name, messages.elements.map { ChatMessage(members: $0.namedMembers) })
      })
    cases = root["cases"]!.elements
  }

  /// Nil when the template refuses.
  func rendered(_ golden: JSONValue) throws -> String? {
    do {
      let template = try ChatTemplate(
        templates[golden["template"]!.text!]!, tokens: [("bos_token", "<s>"), ("eos_token", "</s>")], location: "golden"
      )
      return try template.render(
        messages: conversations[golden["conversation"]!.text!]!, addGenerationPrompt: golden["prompt"]!.bool!,
        tools: golden["tools"]!.bool! ? root["tools"]! : nil,
        variables: Dictionary(uniqueKeysWithValues: golden["variables"]!.namedMembers.map { ($0.key, $0.value) }))
    } catch let error as MohawkError where error.code != .unsupported {
      return nil
    }
  }
}

extension JSONValue {
  fileprivate var elements: [JSONValue] {
    if case .array(let values) = self { values } else { [] }
  }

  fileprivate var namedMembers: [(key: String, value: JSONValue)] {
    guard case .object(let members) = self else { return [] }
    return members.map { (String(decoding: $0.key, as: UTF8.self), $0.value) }
  }
}

@Suite struct ChatTemplateGoldenTests {
  @Test func conversationsAreRenderedAsTheReferenceDoes() throws {
    let goldens = try ChatGoldens()
    #expect(goldens.cases.count > 200)
    #expect(goldens.cases.contains { $0["text"]!.isNull })
    for golden in goldens.cases {
      let name = "\(golden["template"]!.text!), \(golden["conversation"]!.text!)"
      let text = try goldens.rendered(golden)
      // As bytes, since strings that only look equal are different.
      #expect(
        text.map { Array($0.utf8) } == golden["text"]!.text.map { Array($0.utf8) }, "\(name): \(text ?? "refused")")
    }
  }
}
