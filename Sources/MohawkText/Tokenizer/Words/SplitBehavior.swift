/// What becomes of the matches of a pattern that splits text.
enum SplitBehavior: String, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// A stretch of text that matched, or that lay between matches.
  struct Span {
    var range: Range<Int>
    let matched: Bool
  }

  /// The pieces that `spans` become, which cover a text without gaps.
  func pieces(_ spans: [Span]) -> [Range<Int>] {
    switch self {
    case .removed: spans.filter { !$0.matched }.map(\.range)
    case .isolated: spans.map(\.range)
    case .contiguous: Self.joined(spans) { $0 == $1 }
    case .mergedWithPrevious: Self.joined(spans) { span, previous in span && !previous }
    case .mergedWithNext: Self.joinedBackwards(spans)
    }
  }

  /// Joins a span to the piece before it when `joins(matched, previousMatched)`; before the first one nothing matched.
  private static func joined(_ spans: [Span], _ joins: (Bool, Bool) -> Bool) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var previous = false
    for span in spans {
      if joins(span.matched, previous), let last = pieces.last {
        pieces[pieces.count - 1] = last.lowerBound..<span.range.upperBound
      } else {
        pieces.append(span.range)
      }
      previous = span.matched
    }
    return pieces
  }

  private static func joinedBackwards(_ spans: [Span]) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var previous = false
    for span in spans.reversed() {
      if span.matched, !previous, let last = pieces.last {
        pieces[pieces.count - 1] = span.range.lowerBound..<last.upperBound
      } else {
        pieces.append(span.range)
      }
      previous = span.matched
    }
    return pieces.reversed()
  }
}
