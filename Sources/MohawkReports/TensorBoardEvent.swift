/// One record of a TensorBoard event file: the few protobuf fields that scalars need, framed as a TFRecord.
///
/// Field numbers are those of `tensorflow/core/util/event.proto` and `framework/summary.proto`.
struct TensorBoardEvent {
  var wallTime: Double
  var step: Int
  var content: Content

  enum Content {
    /// The first record of a file.
    case fileVersion
    /// A run goes on at `step`: TensorBoard drops what older files hold from there on.
    case sessionStart
    case scalars([(tag: String, value: Double)])
  }

  /// Length, masked checksum of the length, message, masked checksum of the message.
  var record: [UInt8] {
    let message = message
    let length = Self.littleEndian(UInt64(message.count))
    return length + Self.littleEndian(Self.masked(CRC32.castagnoli(length))) + message
      + Self.littleEndian(Self.masked(CRC32.castagnoli(message)))
  }

  /// A checksum of data that itself holds checksums is rotated and offset, as TFRecord has it.
  static func masked(_ crc: UInt32) -> UInt32 { (crc >> 15 | crc << 17) &+ 0xA282_EAD8 }

  private var message: [UInt8] {
    var bytes = Self.key(1, .fixed64) + Self.littleEndian(wallTime.bitPattern)
    if step != 0 { bytes += Self.key(2, .varint) + Self.varint(UInt64(bitPattern: Int64(step))) }
    switch content {
    case .fileVersion: bytes += Self.field(3, Array("brain.Event:2".utf8))
    case .sessionStart: bytes += Self.field(7, Self.key(1, .varint) + Self.varint(1))
    case .scalars(let scalars):
      var summary: [UInt8] = []
      for (tag, value) in scalars {
        let scalar = Self.field(1, Array(tag.utf8)) + Self.key(2, .fixed32) + Self.littleEndian(Float(value).bitPattern)
        summary += Self.field(1, scalar)
      }
      bytes += Self.field(5, summary)
    }
    return bytes
  }

  private enum WireType: UInt64 { case varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 }

  private static func key(_ field: UInt64, _ type: WireType) -> [UInt8] { varint(field << 3 | type.rawValue) }

  private static func field(_ field: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    key(field, .bytes) + varint(UInt64(bytes.count)) + bytes
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
