import MohawkFiles

/// Collects small writes to a file that is there whole or not at all.
final class GGUFOutput {
  private var file: AtomicFile
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
  private var used = 0
  private(set) var offset = 0

  init(_ path: String) throws { file = try AtomicFile(path) }
  deinit { buffer.deallocate() }

  /// Lends room for `count` bytes, no more than the buffer has, to be filled.
  func write(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    if count > buffer.count - used { try flush() }
    try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + count]))
    used += count
    offset += count
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.count > buffer.count - used { try flush() }
    if bytes.count > buffer.count {
      try file.write(bytes)
    } else {
      UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + bytes.count]).copyMemory(from: bytes)
      used += bytes.count
    }
    offset += bytes.count
  }

  /// Fills up with zeros to a multiple of `alignment`.
  func pad(to alignment: Int) throws {
    var missing = offset.roundedUp(toMultipleOf: alignment) - offset
    while missing > 0 {
      let count = min(missing, 4096)
      try write(count) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
      missing -= count
    }
  }

  func commit() throws {
    try flush()
    try file.commit()
  }

  private func flush() throws {
    try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<used]))
    used = 0
  }
}
