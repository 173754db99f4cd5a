#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Changes files in the ways that break readers. The same seed gives the same changes.
struct Mutator {
  private var state: UInt64
  /// Pieces of the format to insert.
  let tokens: [[UInt8]]

  init(seed: UInt64, tokens: [[UInt8]]) {
    state = seed
    self.tokens = tokens
  }

  /// SplitMix64 (Steele, Lea and Flood 2014).
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }
  mutating func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(next() % UInt64(bound)) }

  /// Numbers at which lengths and offsets go wrong.
  static let extremes: [UInt64] = [
    0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 32 + 1, 1 << 62, 1 << 63 - 1,
    1 << 63, .max - 1, .max,
  ]

  /// One to four changes.
  mutating func mutate(_ bytes: inout [UInt8]) {
    for _ in 0...below(4) { change(&bytes) }
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return bytes = tokens[below(tokens.count)] }
    let place = below(bytes.count)
    switch below(12) {
    case 0: bytes[place] ^= 1 << UInt8(below(8))
    case 1: bytes[place] = UInt8(below(256))
    case 2: bytes.removeLast(bytes.count - place)
    case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(16)))
    case 4: bytes.insert(contentsOf: tokens[below(tokens.count)], at: place)
    case 5:
      let token = tokens[below(tokens.count)]
      bytes.replaceSubrange(place..<min(bytes.count, place + token.count), with: token)
    case 6: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + below(100))], at: below(bytes.count))
    case 7:  // two pieces change places
      let other = below(bytes.count)
      let length = min(1 + below(24), bytes.count - max(place, other))
      for index in 0..<length { bytes.swapAt(place + index, other + index) }
    case 8: bytes.insert(contentsOf: [UInt8](repeating: bytes[place], count: 1 + below(300)), at: place)
    default:
      let width = 1 << below(4)
      guard place + width <= bytes.count else { return }
      var number = Self.extremes[below(Self.extremes.count)]
      if below(4) == 0 { number = UInt64(bytes.count) &+ UInt64(below(5)) &- 2 }
      for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
    }
  }
}

/// Memory that ends where reading it ends the process: one byte too far is noticed.
final class GuardedBytes {
  private let start: UnsafeMutableRawPointer
  private let room: Int
  private let page = Int(sysconf(Int32(_SC_PAGESIZE)))

  init(room: Int) {
    self.room = (room + page - 1) / page * page
    start = mmap(nil, self.room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    precondition(start != MAP_FAILED && mprotect(start + self.room, page, PROT_NONE) == 0)
  }

  deinit { munmap(start, room + page) }

  /// The bytes, at the very end of the memory.
  func put(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
    precondition(bytes.count <= room)
    let place = UnsafeMutableRawBufferPointer(start: start + room - bytes.count, count: bytes.count)
    place.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(place)
  }
}
