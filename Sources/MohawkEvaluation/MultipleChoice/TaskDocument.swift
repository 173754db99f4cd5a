import Foundation
import MohawkFiles
import MohawkText

/// One line of a task's file: a JSON object whose members are asked for by name.
struct TaskDocument {
  /// The line as it stands in the file; equal lines are the same document.
  let line: [UInt8]
  /// File and line, for messages.
  let location: String
  private let value: JSONValue

  /// - Throws: `MohawkError` when the line is not a JSON object.
  init(_ line: [UInt8], at location: String) throws {
    self.line = line
    self.location = location
    value = try JSONValue(json: String(decoding: line, as: UTF8.self), location: location, isLenient: true)
    guard case .object = value else {
      throw MohawkError(.invalidFormat, "the line is \(value.summary), not a JSON object", at: location)
    }
  }

  /// The member named `field`, as UTF-8.
  func text(_ field: String) throws -> [UInt8] {
    guard case .string(let bytes) = try member(field) else { throw try wrong(field, "text") }
    guard isText(bytes) else { throw half(field) }
    return bytes
  }

  /// The texts of the list named `field`, at least `least` of them.
  func texts(_ field: String, atLeast least: Int) throws -> [[UInt8]] {
    guard case .array(let values) = try member(field) else { throw try wrong(field, "a list of texts") }
    let texts = values.compactMap { if case .string(let bytes) = $0 { bytes } else { nil } }
    guard texts.count == values.count else { throw try wrong(field, "a list of texts") }
    guard texts.allSatisfy(isText) else { throw half(field) }
    guard texts.count >= least else {
      throw fault("\"\(field)\" has \(texts.count) entries, at least \(least) are needed")
    }
    return texts
  }

  /// The member named `field`: one of `0..<count`, written as a number or as text.
  func label(_ field: String, below count: Int) throws -> Int {
    let member = try member(field)
    guard let number = member.integer ?? member.text.flatMap({ Int($0) }), (0..<count).contains(number) else {
      throw fault("\"\(field)\" is \(member.summary), not a number from 0 to \(count - 1)")
    }
    return number
  }

  /// An error at this document's line.
  func fault(_ message: String) -> MohawkError {
    MohawkError(.invalidValue, message, at: location, remedy: "mend or remove this line")
  }

  private func isText(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

  private func half(_ field: String) -> MohawkError {
    fault("\"\(field)\" holds half of a surrogate pair, which is no character")
  }

  private func member(_ field: String) throws -> JSONValue {
    var value = value
    for part in field.split(separator: ".") {
      guard let inside = value[String(part)] else { throw fault("the member \"\(field)\" is missing") }
      value = inside
    }
    return value
  }

  private func wrong(_ field: String, _ wanted: String) throws -> MohawkError {
    fault("\"\(field)\" is \(try member(field).summary), not \(wanted)")
  }
}

extension TaskDocument {
  /// Every document of a file with one JSON object per line; blank lines are passed over.
  /// - Throws: `MohawkError` when the file cannot be read, is empty, or holds a line that is no JSON object.
  static func all(_ path: String) throws -> [TaskDocument] {
    let lines = try TextFile.lines(path).map { Array($0) }
    var documents: [TaskDocument] = []
    for (index, line) in lines.enumerated() {
      let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      if !isBlank { documents.append(try TaskDocument(line, at: "\(path):\(index + 1)")) }
    }
    guard !documents.isEmpty else {
      throw MohawkError(
        .invalidValue, "the file holds no document", at: path, remedy: "give a file with one JSON object per line")
    }
    return documents
  }
}
