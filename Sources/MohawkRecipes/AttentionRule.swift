import Yams

/// How a hybrid's attention layers are found where a recipe does not name them.
public enum AttentionRule: Sendable, Equatable {
  /// The last layer of every so many.
  case every(Int)
  /// So many layers, chosen by how much the teacher needs their attention to look back.
  case best(Int)

  /// `every:6`, `best:5`; nil for anything else, and for counts below 1.
  public init?(text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[1]), count > 0 else { return nil }
    switch parts[0] {
    case "every": self = .every(count)
    case "best": self = .best(count)
    default: return nil
    }
  }

  /// The layers that follow from their number alone; nil where the teacher has to be asked.
  public func layers(of count: Int) -> [Int]? {
    guard case .every(let step) = self else { return nil }
    return Array(stride(from: step - 1, to: count, by: step))
  }
}

extension AttentionRule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .every(let step): "every:\(step)"
    case .best(let count): "best:\(count)"
    }
  }
}

extension AttentionRule: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let rule = AttentionRule(text: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "no rule for attention layers: \(text)"))
    }
    self = rule
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension AttentionRule: RecipeValue {
  static var expectation: String { "every:N or best:N" }

  init?(recipe node: Node) {
    guard let text = node.scalar?.string else { return nil }
    self.init(text: text)
  }

  var yaml: String { "\"\(description)\"" }
}
