import Foundation
import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkExport
@testable import MohawkGGUF

/// Hostile files opened as models: each opens, or is refused with one `MohawkError`; never a trap, and never more memory
/// than the file accounts for. The cases are the same in every run.
@Suite struct GGUFImportFuzzTests {
  private static let seeds: [[UInt8]] = [
    "hybrid", "llama 3", "mamba", "phi", "sequential gpt-neox", "gpt-2", "mamba-2",
  ]
  .map { name in
    let path = FileManager.default.temporaryDirectory.path + "/seed-\(UUID().uuidString).gguf"
    defer { try? FileManager.default.removeItem(atPath: path) }
    var shape = GGUFModels.named(name)
    shape.vocabulary = 8
    shape.layers = Array(shape.layers.prefix(2))
    try! GGUFExport.write(TinyModels.model(shape), tokenizer: nil, to: path, type: name == "phi" ? .q8 : nil)
    return [UInt8](FileManager.default.contents(atPath: path)!)
  }

  /// Where the metadata and the tensors' entries end and the numbers begin.
  private static let headers: [Int] = seeds.map { seed in
    let path = FileManager.default.temporaryDirectory.path + "/seed-\(UUID().uuidString).gguf"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try! Data(seed).write(to: URL(fileURLWithPath: path))
    return try! GGUFFile(path).tensors.map(\.offset).min()!
  }

  /// Opens a changed seed for each of `count` cases.
  /// - Returns: how many were refused.
  private func refused(_ count: Int, random seed: UInt64, _ change: (inout [UInt8], Int, inout Noise) -> Void) throws
    -> Int
  {
    let folder = try TemporaryFolder()
    let path = folder.path + "/fuzz.gguf"
    var random = Noise(state: seed)
    var refused = 0
    for index in 0..<count {
      let number = index % Self.seeds.count
      var bytes = Self.seeds[number]
      change(&bytes, Self.headers[number], &random)
      try? FileManager.default.removeItem(atPath: path)
      _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
      do {
        let model = try Decoder.open(path)
        // Two bits and a half become 32.
        #expect(model.parameters.count * 4 <= 16 * bytes.count, "case \(index)")
      } catch let error as MohawkError {
        refused += 1
        #expect(!error.message.isEmpty && error.message.utf8.count < 8_000 && error.location != nil, "case \(index)")
      } catch {
        Issue.record("case \(index): \(error) is no MohawkError")
      }
    }
    return refused
  }

  private static let cases = 700

  @Test func theSeedsOpen() throws { #expect(try refused(Self.seeds.count, random: 0) { _, _, _ in } == 0) }

  @Test func flippedBytes() throws {
    let refused = try refused(Self.cases, random: 11) { bytes, header, random in
      for _ in 0..<1 + random.next() % 3 {
        bytes[Int(random.next() % UInt64(header))] = UInt8(truncatingIfNeeded: random.next())
      }
    }
    #expect(refused > Self.cases / 2)
  }

  @Test func wordsAtTheirExtremes() throws {
    let extremes: [UInt64] = [
      0, 1, 2, 3, 7, 8, 9, 10, 12, 13, 14, 30, 31, 33, 64, 0x7F, 0xFF, 0xFFFF, 1 << 24, 0x7FFF_FFFF, 0x8000_0000,
      0xFFFF_FFFF, 1 << 32, 1 << 61, UInt64(Int64.max), 1 << 63, .max,
    ]
    let refused = try refused(Self.cases, random: 12) { bytes, header, random in
      let value = extremes[Int(random.next() % UInt64(extremes.count))]
      let width = random.next() % 2 == 0 ? 4 : 8
      let place = Int(random.next() % UInt64(header - width))
      for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    #expect(refused > Self.cases / 2)
  }

  @Test func valuesThatLie() throws {
    // The number behind a key, found by the key's name, whatever its meaning.
    let refused = try refused(Self.cases, random: 13) { bytes, header, random in
      let keys = Self.ends(
        of: "_count", "_length", "_size", "_rank", "_kernel", "_base", "_kv", in: bytes.prefix(header))
      guard let place = keys.isEmpty ? nil : keys[Int(random.next() % UInt64(keys.count))] else { return }
      let value = [0, 1, 2, 3, 5, 16, 63, 64, 65, 1 << 16, 1 << 24, 1 << 31, .max][Int(random.next() % 13)] as UInt32
      for index in 0..<4 where place + 4 + index < header {
        bytes[place + 4 + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
      }
    }
    #expect(refused > Self.cases / 3)
  }

  @Test func truncatedFiles() throws {
    let refused = try refused(300, random: 14) { bytes, _, random in
      bytes.removeSubrange(Int(random.next() % UInt64(bytes.count))...)
    }
    #expect(refused > 250)
  }

  private static func ends(of endings: String..., in bytes: ArraySlice<UInt8>) -> [Int] {
    endings.flatMap { ending -> [Int] in
      let wanted = Array(ending.utf8)
      return (0..<max(0, bytes.count - wanted.count)).filter { Array(bytes[$0..<$0 + wanted.count]) == wanted }
        .map { $0 + wanted.count }
    }
  }
}

/// A small generator whose numbers are the same everywhere.
private struct Noise {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
