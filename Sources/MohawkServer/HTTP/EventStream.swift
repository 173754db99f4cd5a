import Hummingbird
import MohawkText
import NIOCore

/// Server-sent events to one client. Waits while the client does not read.
struct EventStream {
  private var writer: any ResponseBodyWriter

  init(_ writer: any ResponseBodyWriter) { self.writer = writer }

  /// Sends values as one write.
  mutating func send(_ values: [JSONValue]) async throws {
    guard !values.isEmpty else { return }
    var bytes: [UInt8] = []
    for value in values { bytes += Array("data: ".utf8) + value.bytes + Array("\n\n".utf8) }
    try await writer.write(ByteBuffer(bytes: bytes))
  }

  /// Sends what ends a stream in OpenAI's protocol.
  mutating func sendDone() async throws { try await writer.write(ByteBuffer(string: "data: [DONE]\n\n")) }

  consuming func finish() async throws { try await writer.finish(nil) }
}
