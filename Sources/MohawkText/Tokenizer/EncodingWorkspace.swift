import Foundation

/// What one running encoding needs: the word cache and room for a word's symbols.
final class EncodingWorkspace {
  let cache = WordCache()
  var symbols = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 256)

  deinit { symbols.deallocate() }

  /// Room for at least `count` symbols.
  func reserve(_ count: Int) {
    guard symbols.count < count else { return }
    symbols.deallocate()
    symbols = .allocate(capacity: max(count, 2 * symbols.count))
  }
}

/// Lends each encoding a workspace of its own, so that a tokenizer can be used from many threads.
final class EncodingWorkspaces: @unchecked Sendable {  // `free` is only touched under the lock
  private let lock = NSLock()
  private var free: [EncodingWorkspace] = []

  func borrow<Result>(_ body: (EncodingWorkspace) throws -> Result) rethrows -> Result {
    let workspace = lock.withLock { free.popLast() } ?? EncodingWorkspace()
    defer { lock.withLock { free.append(workspace) } }
    return try body(workspace)
  }
}
