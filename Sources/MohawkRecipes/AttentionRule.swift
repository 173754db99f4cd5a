import Yams

/// How a hybrid's attention, whole layers of it or single heads, is found where a recipe does not name it.
public enum AttentionRule: Sendable, Equatable {
  /// The last layer of every so many.
  case every(Int)
  /// So many layers, chosen by how much the teacher needs their attention to look back.
  case best(Int)
  /// One layer of so many, at least one, chosen in the same way.
  case bestOneIn(Int)
  /// So many single heads of all layers, those that look most at what is to be copied.
  case heads(Int)
  /// This share of all heads, in per cent, at least one, chosen in the same way.
  case headsPercent(Double)

  /// `every:6`, `best:5`, `best:1/6`, `heads:8`, `heads:2%`; nil for anything else, for counts below 1 and for shares that
  /// are not above 0 and at most 100 %.
  public init?(text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    if parts[0] == "heads", parts[1].hasSuffix("%") {
      let number = parts[1].dropLast()
      guard number.allSatisfy({ "0123456789.".contains($0) }), let share = Double(number), share > 0, share <= 100
      else { return nil }
      self = .headsPercent(share)
      return
    }
    let isShare = parts[0] == "best" && parts[1].hasPrefix("1/")
    guard let count = Int(isShare ? parts[1].dropFirst(2) : parts[1]), count > 0 else { return nil }
    switch parts[0] {
    case "every": self = .every(count)
    case "best": self = isShare ? .bestOneIn(count) : .best(count)
    case "heads": self = .heads(count)
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
    case .every, .heads, .headsPercent: nil
    case .best(let wanted): wanted
    case .bestOneIn(let share): max(1, count / share)
    }
  }

  /// How many heads of this many are to be chosen on the teacher; nil where whole layers are.
  public func headChoices(of count: Int) -> Int? {
    switch self {
    case .every, .best, .bestOneIn: nil
    case .heads(let wanted): wanted
    case .headsPercent(let share): max(1, Int((Double(count) * share / 100).rounded()))
    }
  }

  /// Whether single heads are chosen, and not whole layers.
  public var isOfHeads: Bool { headChoices(of: 1) != nil }
}

extension AttentionRule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .every(let step): "every:\(step)"
    case .best(let count): "best:\(count)"
    case .bestOneIn(let share): "best:1/\(share)"
    case .heads(let count): "heads:\(count)"
    case .headsPercent(let share):
      share == share.rounded() ? "heads:\(Int(share))%" : "heads:\(share)%"
    }
  }
}

extension AttentionRule: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let rule = AttentionRule(text: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "no rule for what keeps attention: \(text)"))
    }
    self = rule
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension AttentionRule: RecipeValue {
  static var expectation: String { "every:N, best:N, best:1/N, heads:N or heads:N%" }

  init?(recipe node: Node) {
    guard let text = node.scalar?.string else { return nil }
    self.init(text: text)
  }

  var yaml: String { "\"\(description)\"" }
}
