import Foundation
import MohawkFiles
import Testing

@testable import MohawkGGUF

/// Files made to mislead a reader, one idea each: what is refused, and in which words.
@Suite struct GGUFHostileTests {
  private func error(_ header: GGUFHeader, padding: Int = 64) -> MohawkError? {
    let bytes = header.bytes + [UInt8](repeating: 0, count: padding)
    do {
      _ = try bytes.withUnsafeBytes { try GGUFIndex($0, path: "hostile.gguf") }
      return nil
    } catch {
      return error as? MohawkError
    }
  }

  private func error(tensors: [(String, [UInt64], UInt32, UInt64)], alignment: GGUFValue? = nil) -> MohawkError? {
    var header = GGUFHeader.file(keys: alignment == nil ? 0 : 1, tensors: UInt64(tensors.count))
    if let alignment {
      header.append("general.alignment")
      header.append(alignment)
    }
    for (name, sizes, type, offset) in tensors { header.append(tensor: name, sizes, type, offset) }
    return error(header, padding: 256)
  }

  @Test func countsThatNoFileHolds() {
    for count in [1 << 20, UInt64(Int64.max), .max] {
      #expect(error(GGUFHeader.file(keys: count, tensors: 0))?.code == .truncatedFile)
      #expect(error(GGUFHeader.file(keys: 0, tensors: count))?.code == .truncatedFile)
    }
  }

  @Test func moreEntriesThanMemoryIsWorth() {
    let error = error(GGUFHeader.file(keys: 100_001, tensors: 0), padding: 14 * 100_001)
    #expect(error?.code == .unsupported)
  }

  @Test func lengthsThatReachPastTheEnd() {
    for length in [UInt64(65), .max / 2, .max] {
      var name = GGUFHeader.file(keys: 1, tensors: 0)
      name.append(length)
      #expect(error(name)?.code == .truncatedFile)
      var text = GGUFHeader.file(keys: 1, tensors: 0)
      text.append("key")
      text.append(UInt32(8))
      text.append(length)
      #expect(error(text)?.code == .truncatedFile)
      for element in UInt32(0)...12 {
        var array = GGUFHeader.file(keys: 1, tensors: 0)
        array.append("key")
        array.append(UInt32(9))
        array.append(element)
        array.append(length)
        #expect(error(array)?.code == .truncatedFile, "elements of type \(element)")
      }
    }
  }

  @Test func arraysInArraysWithoutEnd() {
    var header = GGUFHeader.file(keys: 1, tensors: 0)
    header.append("key")
    header.append(UInt32(9))
    for _ in 0..<100_000 {
      header.append(UInt32(9))
      header.append(UInt64(1))
    }
    #expect(error(header)?.message.contains("nested deeper") == true)
  }

  @Test func deepArraysThatAreAllowedAreRead() throws {
    var array = GGUFArray.uint8([7])
    for _ in 1..<GGUFCursor.greatestDepth { array = .array([array]) }
    var header = GGUFHeader.file(keys: 1, tensors: 0)
    header.append("key")
    header.append(GGUFValue.array(array))
    #expect(error(header) == nil)
  }

  @Test func namesThatAppearTwice() {
    var keys = GGUFHeader.file(keys: 2, tensors: 0)
    for _ in 0..<2 {
      keys.append("key")
      keys.append(GGUFValue.uint32(1))
    }
    #expect(error(keys)?.message.contains("twice") == true)
    #expect(error(tensors: [("t", [4], 0, 0), ("t", [4], 0, 32)])?.message.contains("twice") == true)
  }

  @Test func namesThatAreEmptyOrNoText() {
    var empty = GGUFHeader.file(keys: 1, tensors: 0)
    empty.append("")
    empty.append(GGUFValue.uint32(1))
    #expect(error(empty)?.code == .invalidFormat)
    #expect(error(tensors: [("", [4], 0, 0)])?.code == .invalidFormat)
    var bytes = GGUFHeader.file(keys: 1, tensors: 0)
    bytes.append(UInt64(2))
    bytes.append(UInt16(0x28C3))
    bytes.append(GGUFValue.uint32(1))
    #expect(error(bytes)?.message.contains("UTF-8") == true)
  }

  @Test func typesThatNobodyKnows() {
    for type in [UInt32(13), 255, .max] {
      var header = GGUFHeader.file(keys: 1, tensors: 0)
      header.append("key")
      header.append(type)
      #expect(error(header)?.code == .invalidFormat)
    }
    for type in [UInt32(4), 5, 42, 1 << 31, .max] {
      #expect(error(tensors: [("t", [256], type, 0)])?.code == .unsupported)
    }
  }

  @Test func dimensionsWhoseProductOverflows() {
    let huge: [[UInt64]] = [
      [1 << 32, 1 << 32], [1 << 16, 1 << 16, 1 << 16, 1 << 16], [.max], [1 << 63], [UInt64(Int64.max), 2],
      [1 << 62, 4, 0], [3_037_000_500, 3_037_000_500],
    ]
    for sizes in huge { #expect(error(tensors: [("t", sizes, 0, 0)])?.code == .invalidFormat, "\(sizes)") }
    // The product fits, its bytes do not.
    #expect(error(tensors: [("t", [1 << 62], 0, 0)])?.code == .invalidFormat)
    #expect(error(tensors: [("t", [1 << 40], 0, 0)])?.code == .truncatedFile)
    #expect(error(tensors: [("t", [1, 1, 1, 1, 1], 0, 0)])?.code == .invalidFormat)
  }

  @Test func rowsThatAreNoWholeBlocks() {
    #expect(error(tensors: [("t", [31, 32], 8, 0)])?.code == .invalidFormat)
    #expect(error(tensors: [("t", [128], 12, 0)])?.code == .invalidFormat)
    #expect(error(tensors: [("t", [], 8, 0)])?.code == .invalidFormat)
  }

  @Test func alignmentsThatAreNone() {
    for alignment in [GGUFValue.uint32(0), .uint32(3), .uint32(48), .uint32(.max), .uint64(32), .string("32")] {
      #expect(error(tensors: [("t", [4], 0, 0)], alignment: alignment)?.code == .invalidFormat)
    }
    #expect(error(tensors: [("t", [4], 0, 0)], alignment: .uint32(1 << 31))?.code == .truncatedFile)
    #expect(error(tensors: [("t", [4], 0, 0)], alignment: .uint32(1)) == nil)
  }

  @Test func offsetsOutsideAndOnTopOfEachOther() {
    for offset in [UInt64(1), 33, .max, 1 << 63] {
      #expect(error(tensors: [("t", [4], 0, offset)])?.code == .invalidFormat)
    }
    for offset in [UInt64(1024), UInt64(Int64.max) - 31] {
      #expect(error(tensors: [("t", [4], 0, offset)])?.code == .truncatedFile)
    }
    #expect(error(tensors: [("a", [9], 0, 0), ("b", [4], 0, 32)])?.message.contains("overlap") == true)
    #expect(error(tensors: [("a", [4], 0, 32), ("b", [4], 0, 32)])?.message.contains("overlap") == true)
    #expect(error(tensors: [("a", [8], 0, 32), ("b", [8], 0, 0)]) == nil)
  }

  @Test func truthsThatAreNeither() {
    var header = GGUFHeader.file(keys: 1, tensors: 0)
    header.append("key")
    header.append(UInt32(7))
    header.append(UInt8(2))
    #expect(error(header)?.code == .invalidFormat)
  }

  @Test func textThatIsNoTextIsRefusedWhenItIsAskedFor() throws {
    let folder = try TemporaryFolder()
    var header = GGUFHeader.file(keys: 2, tensors: 0)
    header.append("bad")
    header.append(UInt32(8))
    header.append(UInt64(2))
    header.append(UInt16(0xFFFE))
    header.append("good")
    header.append(GGUFValue.string("text"))
    let file = try GGUFFile(folder.write(header.bytes))
    #expect(try file.string("good") == "text")
    let error = #expect(throws: MohawkError.self) { try file.string("bad") }
    #expect(error?.message.contains("bad") == true)
  }
}
