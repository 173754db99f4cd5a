import Yams

/// How a hybrid's attention layers are found where a recipe does not name them.
public enum AttentionRule: Sendable, Equatable {
  /// The last layer of every so many.
  case every(Int)
  /// So many layers, chosen by how much the teacher needs their attention to look back.
  case best(Int)
  /// One layer of so many, at least one, chosen in the same way.
  case bestOneIn(Int)

  /// `every:6`, `best:5`, `best:1/6`; nil for anything else, and for counts below 1.
  public init?(text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let isShare = parts[0] == "best" && parts[1].hasPrefix("1/")
    guard let count = Int(isShare ? parts[1].dropFirst(2) : parts[1]), count > 0 else { return nil }
    switch parts[0] {
    case "every": self = .every(count)
    case "best": self = isShare ? .bestOneIn(count) : .best(count)
    default: return nil
    }
  }

  /// The layers that follow from their number alone; nil where the teacher has to be asked.
  public func layers(of count: Int) -> [Int]? {
    guard case .every(let step) = self else { return nil }
    return Array(stride(from: step - 1, to: count, by: step))
  }

  /// How many layers of this many are to be chosen on the teacher; nil where none are.
  public func choices(of count: Int) -> Int? {
    switch self {
    case .every: nil
    case .best(let wanted): wanted
    case .bestOneIn(let share): max(1, count / share)
    }
  }
}

extension AttentionRule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .every(let step): "every:\(step)"
    case .best(let count): "best:\(count)"
    case .bestOneIn(let share): "best:1/\(share)"
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
  static var expectation: String { "every:N, best:N or best:1/N" }

  init?(recipe node: Node) {
    guard let text = node.scalar?.string else { return nil }
    self.init(text: text)
  }

  var yaml: String { "\"\(description)\"" }
}
