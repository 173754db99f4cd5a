/// The two 32-bit checksums that event files (Castagnoli) and PNG files (IEEE 802.3) carry.
struct CRC32: Sendable {
  private let table: [UInt32]

  /// - Parameter polynomial: with its bits reversed.
  private init(polynomial: UInt32) {
    table = (0..<256).map { byte in
      (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
    }
  }

  /// As in TFRecord files (RFC 3720).
  static let castagnoli = CRC32(polynomial: 0x82F6_3B78)
  /// As in PNG files.
  static let ieee = CRC32(polynomial: 0xEDB8_8320)

  func callAsFunction(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { value, byte in value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] }
  }
}
