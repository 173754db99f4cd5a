import Hummingbird
import NIOCore

extension ResponseBody {
  /// Bytes that go out piece by piece, each when the client has read most of what came before: whoever watches over the
  /// connection sees that it reads.
  /// - Parameter afterwards: called when all is written, or the client is gone; not called when nobody asks for the body.
  init(pieces bytes: [UInt8], afterwards: @escaping @Sendable () -> Void = {}) {
    self.init(contentLength: bytes.count) { writer in
      defer { afterwards() }
      var rest = ByteBuffer(bytes: bytes)
      while let piece = rest.readSlice(length: min(rest.readableBytes, 32 << 10)), piece.readableBytes > 0 {
        try await writer.write(piece)
      }
      try await writer.finish(nil)
    }
  }
}
