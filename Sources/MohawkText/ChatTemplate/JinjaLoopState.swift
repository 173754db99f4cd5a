/// What a loop's body knows as `loop`. Elements come one by one, since a filter may ask for what the body changed.
final class JinjaLoopState {
  private let items: [JinjaValue]
  private var taken = 0
  private var accept: ((JinjaValue) throws -> JinjaValue?)?
  private var waiting: ArraySlice<JinjaValue> = []
  private var previous: JinjaValue?
  private(set) var current: JinjaValue?
  private(set) var index = -1
  private var lastChanged: [JinjaValue]?
  /// How deep values are nested in the elements.
  let depth: Int
  /// How many calls of a recursive loop are around this one.
  let level: Int
  /// What `loop(items)` writes; nil where the loop is not recursive.
  private(set) var again: ((JinjaValue) throws -> JinjaValue)?

  init(
    _ items: [JinjaValue], level: Int, accept: ((JinjaValue) throws -> JinjaValue?)?,
    again: ((JinjaValue) throws -> JinjaValue)?
  ) throws {
    (self.items, self.level) = (items, level)
    (self.accept, self.again) = (accept, again)
    depth = try JinjaItems.depth(of: items)
  }

  private func pull() throws -> JinjaValue? {
    while taken < items.count {
      taken += 1
      guard let accept else { return items[taken - 1] }
      if let value = try accept(items[taken - 1]) { return value }
    }
    return nil
  }

  /// Goes to the next element.
  func next() throws -> JinjaValue? {
    guard let value = try waiting.popFirst() ?? pull() else { return nil }
    index += 1
    previous = current
    current = value
    return value
  }

  private func peek() throws -> JinjaValue? {
    if waiting.isEmpty, let value = try pull() { waiting.append(value) }
    return waiting.first
  }

  /// How many elements there are, of those that the filter accepts.
  func length() throws -> Int {
    while let value = try pull() { waiting.append(value) }
    return index + 1 + waiting.count
  }

  /// Forgets the filter and the recursion, which hold on to the names around the loop.
  func finish() {
    (accept, again) = (nil, nil)
    taken = items.count
  }

  /// `loop.name`, nil when there is no such thing.
  func member(_ name: String) throws -> JinjaValue? {
    switch name {
    case "index": .integer(index + 1)
    case "index0": .integer(index)
    case "first": .bool(index == 0)
    case "last": .bool(try peek() == nil)
    case "length": .integer(try length())
    case "revindex": .integer(try length() - index)
    case "revindex0": .integer(try length() - index - 1)
    case "previtem": index == 0 ? .undefined("there is no previous item") : previous ?? .undefined("no previous item")
    case "nextitem": try peek() ?? .undefined("there is no next item")
    case "depth": .integer(level + 1)
    case "depth0": .integer(level)
    case "cycle", "changed": .method(JinjaMethod(.loop(self), name))
    default: nil
    }
  }

  /// `loop.changed(values)`: whether they differ from those of the last call.
  func changed(_ values: [JinjaValue], _ areEqual: ([JinjaValue], [JinjaValue]) throws -> Bool) rethrows -> Bool {
    if let last = lastChanged, try areEqual(last, values) { return false }
    lastChanged = values
    return true
  }
}
