/// A heap of integers, smallest first, with four children per node: flat and without closures, since long words spend
/// their time here.
struct MergeHeap {
  private var keys: [UInt64] = []

  init(capacity: Int) { keys.reserveCapacity(capacity) }

  /// Adds a key without keeping order; `order` must follow.
  mutating func fill(_ key: UInt64) { keys.append(key) }

  /// Makes a heap of what was filled in.
  mutating func order() {
    guard keys.count > 1 else { return }
    keys.withUnsafeMutableBufferPointer { keys in
      for node in stride(from: (keys.count - 2) / 4, through: 0, by: -1) { Self.sink(keys, node) }
    }
  }

  mutating func push(_ key: UInt64) {
    keys.append(key)
    keys.withUnsafeMutableBufferPointer { keys in
      var child = keys.count - 1
      while child > 0 {
        let parent = (child - 1) / 4
        if keys[parent] <= key { break }
        keys[child] = keys[parent]
        child = parent
      }
      keys[child] = key
    }
  }

  mutating func pop() -> UInt64? {
    guard let first = keys.first else { return nil }
    let last = keys.removeLast()
    if keys.isEmpty { return first }
    keys.withUnsafeMutableBufferPointer { keys in
      keys[0] = last
      Self.sink(keys, 0)
    }
    return first
  }

  private static func sink(_ keys: UnsafeMutableBufferPointer<UInt64>, _ start: Int) {
    let key = keys[start]
    var node = start
    while true {
      let child = 4 * node + 1
      guard child < keys.count else { break }
      var least = child
      for other in child + 1..<max(min(child + 4, keys.count), child + 1) where keys[other] < keys[least] {
        least = other
      }
      if keys[least] >= key { break }
      keys[node] = keys[least]
      node = least
    }
    keys[node] = key
  }
}
