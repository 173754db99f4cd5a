import Foundation
import MohawkFiles
import Testing

@testable import MohawkTensor

@Suite struct SafetensorsRefusalTests {
  struct Hostile: CustomTestStringConvertible, Sendable {
    let says: String
    let data: Data
    var testDescription: String { says }
    init(_ says: String, _ data: Data) {
      self.says = says
      self.data = data
    }
    init(_ says: String, _ header: String, body: Int = 8) { self.init(says, safetensors(header, body: body)) }
  }

  static func entry(_ inside: String) -> String { "{\"w\":{\(inside)}}" }
  static func placed(_ ranges: [(Int, Int)]) -> String {
    let entries = ranges.enumerated().map {
      "\"t\($0)\":{\"dtype\":\"U8\",\"shape\":[\($1.1 - $1.0)],\"data_offsets\":[\($1.0),\($1.1)]}"
    }
    return "{\(entries.joined(separator: ","))}"
  }

  static let hostile: [Hostile] = [
    Hostile("too few", Data()),
    Hostile("too few", Data([1, 2, 3])),
    Hostile("file has only", Data([255, 0, 0, 0, 0, 0, 0, 0, 0x7B])),
    Hostile("more than the", Data([UInt8](repeating: 255, count: 16))),
    Hostile("more than the", Data([1, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B])),
    Hostile("not a JSON object", ""),
    Hostile("not a JSON object", "[]"),
    Hostile("not a JSON object", " {}"),
    Hostile("'}' is missing", "{\"__metadata__\":{}"),
    Hostile("not a JSON object", String(repeating: "[", count: 100_000)),
    Hostile("missing in", "{\"w\":" + String(repeating: "[", count: 100_000)),
    Hostile("unknown key", "{\"w\":" + String(repeating: "{\"w\":", count: 100_000)),
    Hostile("missing in", "{\"__metadata__\":{\"a\":1}}"),
    Hostile("missing in", "{\"__metadata__\":null}"),
    Hostile("__metadata__ occurs twice", "{\"__metadata__\":{},\"__metadata__\":{}}"),
    Hostile("twice", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}"),
    Hostile("something follows", "{} {}"),
    Hostile("does not end", "{\"w"),
    Hostile("unknown escape", "{\"\\x\":"),
    Hostile("half a character", "{\"\\ud800\":"),
    Hostile("half a character", "{\"\\ud800\\u0041\":"),
    Hostile("control character", "{\"\n\":"),
    Hostile("not UTF-8", Data([5, 0, 0, 0, 0, 0, 0, 0]) + Data([0x7B, 0x22, 0xFF, 0x22, 0x3A])),
    Hostile("'F8_E4M4'", entry("\"dtype\":\"F8_E4M4\",\"shape\":[8],\"data_offsets\":[0,8]")),
    Hostile("'f32'", entry("\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]")),
    Hostile("needs 8 bytes but has 4", entry("\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,4]"), body: 4),
    Hostile("whole bytes", entry("\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]"), body: 2),
    Hostile("negative", entry("\"dtype\":\"U8\",\"shape\":[-8],\"data_offsets\":[0,8]")),
    Hostile("not whole", entry("\"dtype\":\"U8\",\"shape\":[8.0],\"data_offsets\":[0,8]")),
    Hostile("not whole", entry("\"dtype\":\"U8\",\"shape\":[8e0],\"data_offsets\":[0,8]")),
    Hostile("starts with 0", entry("\"dtype\":\"U8\",\"shape\":[08],\"data_offsets\":[0,8]")),
    Hostile("too large", entry("\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]")),
    Hostile("too large", entry("\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]")),
    Hostile("too large", entry("\"dtype\":\"F32\",\"shape\":[0,4294967296,2147483648],\"data_offsets\":[0,0]")),
    Hostile(
      "more than 64",
      entry("\"dtype\":\"U8\",\"shape\":[1\(String(repeating: ",1", count: 64))],\"data_offsets\":[0,1]")),
    Hostile("needs 8 bytes but has 4", entry("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]"), body: 4),
    Hostile("before its start", entry("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,0]")),
    Hostile("needs dtype", entry("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8]")),
    Hostile("needs dtype", entry("\"dtype\":\"U8\",\"shape\":[8]")),
    Hostile("more than 2", entry("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8,8]")),
    Hostile("unknown key", entry("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8],\"x\":1")),
    Hostile("shape twice", entry("\"dtype\":\"U8\",\"shape\":[8],\"shape\":[8],\"data_offsets\":[0,8]")),
    Hostile(
      "occurs twice",
      "{\"w\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
        + "\"w\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}"),
    Hostile("ends at byte", placed([(0, 8)]), body: 7),
    Hostile(
      "outside the file",
      entry("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[9223372036854775806,9223372036854775807]")),
    Hostile("'t1' overlaps", placed([(0, 5), (4, 8)])),
    Hostile("'t1' overlaps", placed([(0, 8), (0, 8)])),
    Hostile("'t1' leaves a gap", placed([(0, 3), (4, 8)])),
    Hostile("'t0' leaves a gap", placed([(1, 8)])),
    Hostile("2 bytes follow", placed([(0, 6)])),
    Hostile("8 bytes follow", "{}"),
  ]

  @Test(arguments: hostile) func aDamagedFileIsRefusedInOneSentence(_ hostile: Hostile) throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(hostile.data, to: folder / "h.safetensors")
    let error = #expect(throws: MohawkError.self) { try SafetensorsFile(folder / "h.safetensors") }
    #expect(error?.location == folder / "h.safetensors")
    let message = try #require(error?.message)
    #expect(message.contains(hostile.says), "\(message)")
    #expect(!message.contains("\n") && message.count < 400)
  }

  @Test(arguments: SafetensorsForeignType.allCases) func aTypeThatCannotBeReadIsRefusedOnlyWhenUsed(
    _ type: SafetensorsForeignType
  ) throws {
    let folder = try TemporaryFolder()
    let header =
      "{\"odd\":{\"dtype\":\"\(type.rawValue)\",\"shape\":[4],\"data_offsets\":[0,\(type.bits / 2)]},"
      + "\"good\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\(type.bits / 2),\(type.bits / 2 + 1)]}}"
    try AtomicFile.write(safetensors(header, body: type.bits / 2 + 1), to: folder / "h")
    let file = try SafetensorsFile(folder / "h")
    #expect(file.names == ["odd", "good"])
    #expect(file.entries["odd"] == nil)
    #expect(try file.tensor("good").integers() == [0])
    let error = #expect(throws: MohawkError.self) { try file.tensor("odd") }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("'odd' has the element type \(type.rawValue)") == true)
  }

  @Test func aBooleanThatIsNeitherIsRefused() throws {
    let folder = try TemporaryFolder()
    let header = "{\"w\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[0,1]}}"
    try AtomicFile.write(safetensors(header, body: 0) + Data([2]), to: folder / "h")
    let file = try SafetensorsFile(folder / "h")
    #expect(throws: MohawkError.self) { try file.tensor("w") }
  }

  /// Changes a good file in a few places, thousands of times. What comes out is either refused with a `MohawkError` or
  /// read to the last element; anything else ends the test's process.
  @Test func noMutationCrashesTheReader() throws {
    var random = SeededBits(state: 42)
    let good = [UInt8](SafetensorsTests.golden)
    let length = Int(good[0]) + Int(good[1]) << 8
    let tokens = [
      "9", "-1", "18446744073709551615", "9223372036854775807", "[", "]", "{", "}", "\"", ",", ":", "\\u", "F8_E5M2",
      "BOOL", "0",
    ]
    var (read, refused) = (0, 0)
    for _ in 0..<5000 {
      var header = Array(good[8..<8 + length])
      var body = Array(good[(8 + length)...])
      for _ in 0...random.below(3) {
        let place = random.below(header.count)
        switch random.below(8) {
        case 0: header[place] = UInt8(random.below(256))
        case 1: header.remove(at: place)
        case 2: header.insert(contentsOf: tokens[random.below(tokens.count)].utf8, at: place)
        case 3:
          header.replaceSubrange(place..<min(place + 1, header.count), with: tokens[random.below(tokens.count)].utf8)
        case 4: header.insert(contentsOf: header[place..<min(place + random.below(80), header.count)], at: place)
        case 5:  // One digit for another: wrong shapes and offsets.
          let digits = header.indices.filter { (0x30...0x39).contains(header[$0]) }
          if !digits.isEmpty { header[digits[random.below(digits.count)]] = UInt8(0x30 + random.below(10)) }
        case 6: if !body.isEmpty { body.removeLast(random.below(body.count)) }
        default: if !body.isEmpty { body[random.below(body.count)] = UInt8(random.below(256)) }
        }
      }
      var claimed = UInt64(header.count)
      if random.below(20) == 0 { claimed = random.next() >> UInt64(random.below(64)) }
      let data = withUnsafeBytes(of: claimed.littleEndian) { Array($0) } + header + body
      // An owner with a buffer of exactly this size, so that a read past the end has somewhere to be caught.
      let owner = OwnedBytes(data)
      do {
        let parsed = try SafetensorsHeader(owner.bytes, path: "mutant")
        for (_, entry) in parsed.entries where entry.dtype != .bool {
          let tensor = Tensor.borrowingIfAligned(
            UnsafeRawBufferPointer(rebasing: owner.bytes[entry.bytes]), shape: entry.shape, dtype: entry.dtype,
            owner: owner)
          #expect(tensor.doubles().count == entry.shape.reduce(1, *))
        }
        read += 1
      } catch let error as MohawkError {
        #expect(error.location == "mutant")
        refused += 1
      }
    }
    #expect(read > 100 && refused > 100, "the mutations are too mild or too wild: \(read) read, \(refused) refused")
  }
}

final class OwnedBytes {
  let bytes: UnsafeRawBufferPointer
  init(_ content: [UInt8]) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 16)
    buffer.copyBytes(from: content)
    bytes = UnsafeRawBufferPointer(buffer)
  }
  deinit { bytes.deallocate() }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct SeededBits: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }
  mutating func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(next() % UInt64(bound)) }
}
