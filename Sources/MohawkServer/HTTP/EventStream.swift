import Foundation
import Hummingbird
import MohawkText
import NIOCore

/// Server-sent events to one client. Waits while the client does not read, and gives it up when that takes too long.
struct EventStream {
  private var writer: any ResponseBodyWriter
  let stall: WriteStall

  init(_ writer: any ResponseBodyWriter, _ stall: WriteStall) {
    self.writer = writer
    self.stall = stall
  }

  /// Sends values as one write.
  mutating func send(_ values: [JSONValue]) async throws {
    guard !values.isEmpty else { return }
    var bytes: [UInt8] = []
    for value in values { bytes += Array("data: ".utf8) + value.bytes + Array("\n\n".utf8) }
    try await write(bytes)
  }

  /// Sends what ends a stream in OpenAI's protocol.
  mutating func sendDone() async throws { try await write(Array("data: [DONE]\n\n".utf8)) }

  private mutating func write(_ bytes: [UInt8]) async throws {
    stall.begin()
    defer { stall.end() }
    try await writer.write(ByteBuffer(bytes: bytes))
  }

  consuming func finish() async throws { try await writer.finish(nil) }
}

/// Notices that a write takes too long.
final class WriteStall: @unchecked Sendable {  // everything is guarded by `lock`
  private let lock = NSLock()
  private var since: ContinuousClock.Instant?

  func begin() { lock.withLock { since = .now } }
  func end() { lock.withLock { since = nil } }

  /// Returns when a write has taken longer than this, or the task is cancelled.
  func wait(_ seconds: Double) async throws {
    while true {
      try await Task.sleep(for: .seconds(min(1, seconds / 2)))
      let begun = lock.withLock { since }
      if let begun, ContinuousClock.now - begun > .seconds(seconds) { return }
    }
  }
}
