import Foundation
import MohawkFiles
import Testing

@testable import MohawkGGUF

@Suite struct GGUFFileTests {
  @Test func everyTypeOfMetadataIsReadAsTheReferenceWroteIt() throws {
    let file = try Goldens.file("metadata")
    #expect(try file.value("golden.uint8.highest") == .uint8(.max))
    #expect(try file.value("golden.int8.lowest") == .int8(.min))
    #expect(try file.value("golden.uint16.highest") == .uint16(.max))
    #expect(try file.value("golden.int16.lowest") == .int16(.min))
    #expect(try file.value("golden.uint32.highest") == .uint32(.max))
    #expect(try file.value("golden.int32.lowest") == .int32(.min))
    #expect(try file.value("golden.uint64.highest") == .uint64(.max))
    #expect(try file.value("golden.int64.lowest") == .int64(.min))
    #expect(try file.value("golden.float32") == .float32(0.1))
    #expect(try file.value("golden.float64") == .float64(0.1))
    #expect(try file.value("golden.bool") == .bool(true))
    #expect(try file.value("golden.string") == .string("naïve 東京 🦅"))
    #expect(try file.value("golden.strings") == .array(.string(["<s>", "", "Ġthe", "▁東京", "🦅"])))
    #expect(try file.value("golden.int32s") == .array(.int32([-1, 0, 7])))
    #expect(try file.value("golden.float32s") == .array(.float32([0.5, -2.25])))
    #expect(try file.value("golden.bools") == .array(.bool([true, false, true])))
    #expect(try file.value("golden.nested") == .array(.array([.int32([1, 2]), .int32([3])])))
    #expect(file.keys.first == "general.architecture")
    #expect(file.keys.count == 27)
    #expect(try file.value("golden.nothing") == nil)
  }

  @Test func valuesAreAskedForByKindWhateverTheirWidth() throws {
    let file = try Goldens.file("metadata")
    #expect(try file.string("general.architecture") == "golden")
    #expect(try file.integer("golden.uint8.highest") == 255)
    #expect(try file.integer("golden.int64.lowest") == .min)
    #expect(try file.double("golden.float32") == Double(Float(0.1)))
    #expect(try file.double("golden.int32.lowest") == -2_147_483_648)
    #expect(try file.bool("golden.bool") == true)
    #expect(try file.strings("golden.strings")?.count == 5)
    #expect(try file.integers("golden.int32s") == [-1, 0, 7])
    #expect(try file.floats("golden.float32s") == [0.5, -2.25])
    #expect(try file.integer("golden.nothing") == nil)
    #expect(throws: MohawkError.self) { try file.integer("golden.uint64.highest") }
    #expect(throws: MohawkError.self) { try file.string("golden.bool") }
    #expect(throws: MohawkError.self) { try file.integers("golden.strings") }
  }

  @Test func tensorsLieWhereTheReferencePutThem() throws {
    let file = try Goldens.file("metadata")
    #expect(file.version == 3)
    #expect(file.alignment == 64)
    #expect(file.tensors.map(\.name) == ["vector", "matrix", "cube"])
    #expect(file.tensors.map(\.shape) == [[5], [2, 3], [2, 3, 4]])
    #expect(file.tensors.map(\.type) == [.f32, .f32, .f16])
    for tensor in file.tensors {
      #expect(try file.floats(of: tensor) == (0..<tensor.elementCount).map(Float.init))
    }
    #expect(file.tensor("cube")?.elementCount == 24)
    #expect(file.tensor("sphere") == nil)
  }

  @Test func rowsAreReadAloneAsTheyAreTogether() throws {
    let file = try Goldens.file("numbers")
    for name in ["F32", "BF16", "Q8_0", "Q4_0"] {
      let tensor = try #require(file.tensor(name))
      let all = try file.floats(of: tensor)
      var rows = [Float](repeating: .nan, count: 2 * 256)
      try rows.withUnsafeMutableBufferPointer { try file.readFloats(of: tensor, rows: 10..<12, into: $0) }
      #expect(rows == Array(all[10 * 256..<12 * 256]), "\(name)")
    }
  }

  @Test func versionTwoIsTheSameButForItsNumber() throws {
    let folder = try TemporaryFolder()
    var bytes = try Goldens.bytes("metadata")
    bytes[4] = 2
    let file = try GGUFFile(folder.write(bytes))
    #expect(file.version == 2)
    #expect(try file.floats(of: file.tensors[0]) == [0, 1, 2, 3, 4])
  }

  @Test(arguments: [([UInt8]([1, 0, 0, 0]), "version 1"), ([0, 0, 0, 3], "big-endian"), ([9, 0, 0, 0], "version 9")])
  func otherVersionsAreRefusedByName(version: [UInt8], words: String) throws {
    let folder = try TemporaryFolder()
    var bytes = try Goldens.bytes("metadata")
    bytes.replaceSubrange(4..<8, with: version)
    let path = try folder.write(bytes)
    let error = #expect(throws: MohawkError.self) { try GGUFFile(path) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains(words) == true)
    #expect(error?.location == path)
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = try Goldens.bytes("metadata")
    // The last tensor's padding may be missing, its bytes may not.
    for count in 0..<bytes.count - 16 {
      let error = #expect(throws: MohawkError.self, "\(count) bytes") {
        try bytes[..<count].withUnsafeBytes { try GGUFIndex($0, path: "truncated.gguf") }
      }
      #expect(error?.code == .truncatedFile || count < 8)
    }
  }

  @Test func aTypeThatCannotBeReadIsSaidSo() throws {
    let folder = try TemporaryFolder()
    var writer = GGUFWriter()
    let type = try #require(GGUFType(name: "iq2_xxs"))
    writer.add(GGUFTensor("x", shape: [256], type: type) { Data(count: 66) })
    try writer.write(to: folder.file("x.gguf"))
    let file = try GGUFFile(folder.file("x.gguf"))
    let error = #expect(throws: MohawkError.self) { try file.floats(of: file.tensors[0]) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("IQ2_XXS") == true)
  }

  @Test func aFileThatIsNotThereIsMissing() {
    let error = #expect(throws: MohawkError.self) { try GGUFFile("/nowhere/model.gguf") }
    #expect(error?.code == .missingFile)
  }

  @Test func typesHaveTheNumbersOfTheFormat() {
    #expect(Set(GGUFType.all.map(\.code)).count == GGUFType.all.count)
    #expect(Set(GGUFType.all.map(\.name)).count == GGUFType.all.count)
    #expect(GGUFType(name: "q4_k") == .q4K)
    #expect(GGUFType(code: 30) == .bf16)
    #expect(GGUFType(code: 4) == nil)
    #expect(GGUFType(name: "Q4_2") == nil)
  }
}
