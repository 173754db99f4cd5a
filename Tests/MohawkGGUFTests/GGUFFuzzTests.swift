import Foundation
import MohawkFiles
import Testing

@testable import MohawkGGUF

/// Hostile files: each is opened, or refused with a `MohawkError`; never a trap.
///
/// The cases are the same in every run. Every value and every number of a file that opens is read, too.
@Suite struct GGUFFuzzTests {
  /// Opens the bytes and reads all that they hold; false when they were refused.
  @discardableResult
  static func isRead(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do {
      let index = try GGUFIndex(bytes, path: "fuzz.gguf")
      for key in index.keys {
        let entry = index.entries[key]!
        var cursor = GGUFCursor(bytes, at: entry.offset, path: "fuzz.gguf")
        _ = try cursor.value(entry.type, key)
      }
      for tensor in index.tensors where tensor.type.isReadable {
        #expect(tensor.elementCount <= 8 * bytes.count)
        let stored = UnsafeRawBufferPointer(rebasing: bytes[tensor.offset..<tensor.offset + tensor.byteCount])
        withUnsafeTemporaryAllocation(of: Float.self, capacity: tensor.elementCount) {
          tensor.type.decode(stored, into: $0)
        }
      }
      return true
    } catch let error as MohawkError {
      #expect(!error.message.isEmpty && error.location == "fuzz.gguf")
      return false
    } catch {
      Issue.record("\(error) is no MohawkError")
      return false
    }
  }

  /// A small file with most of what there is.
  static let seeds: [[UInt8]] = {
    var first = GGUFHeader.file(keys: 5, tensors: 3)
    first.append("general.architecture")
    first.append(GGUFValue.string("mamba2"))
    first.append("general.alignment")
    first.append(GGUFValue.uint32(8))
    first.append("tokens")
    first.append(GGUFValue.array(.string(["a", "é", ""])))
    first.append("nested")
    first.append(GGUFValue.array(.array([.int32([1]), .bool([true])])))
    first.append("scale")
    first.append(GGUFValue.float32(1))
    first.append(tensor: "a", [3], 0, 0)
    first.append(tensor: "b", [32, 1], 8, 16)
    first.append(tensor: "c", [2, 2], 1, 56)
    let start = first.bytes.count.roundedUp(toMultipleOf: 8)
    let body = [UInt8](repeating: 1, count: 64)
    let whole = first.bytes + [UInt8](repeating: 0, count: start - first.bytes.count) + body

    var second = GGUFHeader.file(keys: 1, tensors: 1)
    second.append("k")
    second.append(GGUFValue.array(.uint64([1, 2])))
    second.append(tensor: "t", [4], 0, 0)
    let padding = second.bytes.count.roundedUp(toMultipleOf: 32) - second.bytes.count
    return [whole, second.bytes + [UInt8](repeating: 0, count: padding + 16)]
  }()

  /// Runs `change` on copies of the seeds, `count` times in all; returns how many were refused.
  static func refused(_ count: Int, random seed: UInt64, _ change: (inout [UInt8], inout SplitMix) -> Void) -> Int {
    var random = SplitMix(state: seed)
    return (0..<count).count { index in
      var bytes = seeds[index % seeds.count]
      change(&bytes, &random)
      return !bytes.withUnsafeBytes { isRead($0) }
    }
  }

  @Test func theSeedsAreRead() {
    for seed in Self.seeds { #expect(seed.withUnsafeBytes { Self.isRead($0) }) }
  }

  @Test func flippedBytes() {
    let refused = Self.refused(52000, random: 1) { bytes, random in
      for _ in 0..<1 + random.next() % 3 {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
    }
    #expect(refused > 20000)
  }

  @Test func wordsAtTheirExtremes() {
    let extremes: [UInt64] = [
      0, 1, 2, 3, 9, 12, 13, 0x7F, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, 1 << 61, 1 << 62,
      UInt64(Int64.max) - 7, UInt64(Int64.max), 1 << 63, .max - 7, .max,
    ]
    let refused = Self.refused(40000, random: 2) { bytes, random in
      let value = extremes[Int(random.next() % UInt64(extremes.count))]
      let width = random.next() % 2 == 0 ? 4 : 8
      let place = Int(random.next() % UInt64(bytes.count - width))
      for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    #expect(refused > 20000)
  }

  @Test func truncatedAndStretched() {
    let refused = Self.refused(10000, random: 3) { bytes, random in
      let place = Int(random.next() % UInt64(bytes.count))
      switch random.next() % 3 {
      case 0: bytes.removeSubrange(place...)
      case 1: bytes.removeSubrange(place..<min(place + 1 + Int(random.next() % 9), bytes.count))
      default: bytes.insert(contentsOf: bytes.prefix(1 + Int(random.next() % 40)), at: place)
      }
    }
    #expect(refused > 6000)
  }

  @Test func nothingButNoise() {
    let refused = Self.refused(6000, random: 4) { bytes, random in
      for index in 24..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: random.next() >> 60) }
    }
    #expect(refused == 6000)
  }
}

/// A small generator whose numbers are the same everywhere.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

extension GGUFHeader {
  /// The beginning of a file.
  static func file(version: UInt32 = 3, keys: UInt64, tensors: UInt64) -> GGUFHeader {
    var header = GGUFHeader()
    header.append(UInt32(0x4655_4747))
    header.append(version)
    header.append(tensors)
    header.append(keys)
    return header
  }

  /// A tensor's entry; `sizes` in the file's order.
  mutating func append(tensor name: String, _ sizes: [UInt64], _ type: UInt32, _ offset: UInt64) {
    append(name)
    append(UInt32(sizes.count))
    for size in sizes { append(size) }
    append(type)
    append(offset)
  }
}
