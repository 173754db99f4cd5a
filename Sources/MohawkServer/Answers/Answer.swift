import MohawkServing
import MohawkText

/// Makes the answer to a request out of a batch's events: all at once, or chunk by chunk.
protocol Answer {
  /// What stands before the first token of each choice when the answer is streamed.
  mutating func opening() -> [JSONValue]
  /// Takes an event.
  mutating func note(_ event: BatchEvent)
  /// The chunks that the event is worth which was noted last.
  mutating func chunks(_ event: BatchEvent) -> [JSONValue]
  /// The chunk that says what it has cost.
  var usageChunk: JSONValue { get }
  /// The whole answer, after all events.
  mutating func whole() -> JSONValue
}

/// Who answers, and when.
struct AnswerHead {
  let id: String
  let model: String
  let created: Int

  /// The members that all answers and chunks begin with.
  func members(_ object: String) -> JSONValue {
    .members([
      "id": JSONValue(id), "object": JSONValue(object), "created": .whole(created), "model": JSONValue(model),
    ])
  }
}
