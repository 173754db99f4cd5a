import Yams

/// One head of a teacher's attention, written `layer.head`: `3.1` is the second head of the fourth layer.
public struct AttentionHead: Sendable, Hashable, Comparable {
  /// The layer, counted from 0.
  public var layer: Int
  /// The head of the queries, counted from 0.
  public var head: Int

  /// A head of a layer.
  public init(layer: Int, head: Int) {
    self.layer = layer
    self.head = head
  }

  /// `3.1`; nil for anything else.
  public init?(text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }),
      let layer = Int(parts[0]), let head = Int(parts[1])
    else { return nil }
    self.init(layer: layer, head: head)
  }

  public static func < (a: Self, b: Self) -> Bool { (a.layer, a.head) < (b.layer, b.head) }
}

extension AttentionHead: CustomStringConvertible {
  public var description: String { "\(layer).\(head)" }
}

extension AttentionHead: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let head = AttentionHead(text: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "no head of a layer: \(text)"))
    }
    self = head
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension AttentionHead: RecipeValue {
  static var expectation: String { "a head as layer.head, such as 3.1" }

  init?(recipe node: Node) {
    // The text and not the number, of which 3.1 and 3.10 are the same one.
    guard let text = node.scalar?.string else { return nil }
    self.init(text: text)
  }

  var yaml: String { "\"\(description)\"" }
}
