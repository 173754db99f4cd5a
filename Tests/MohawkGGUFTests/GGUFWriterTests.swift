import Foundation
import MohawkFiles
import MohawkGGUF
import Testing

@Suite struct GGUFWriterTests {
  let folder: TemporaryFolder
  var path: String { folder.file("file.gguf") }

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: ["metadata", "numbers", "blocks"])
  func whatWasReadIsWrittenAgainByteForByte(name: String) throws {
    let file = try Goldens.file(name)
    var writer = GGUFWriter()
    for key in file.keys { writer.set(key, try #require(try file.value(key))) }
    for tensor in file.tensors {
      writer.add(
        GGUFTensor(tensor.name, shape: tensor.shape, type: tensor.type) { file.withBytes(of: tensor) { Data($0) } })
    }
    try writer.write(to: path)
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == Goldens.bytes(name))
  }

  @Test func floatsAreQuantisedAsTheReferenceDoesHoweverTheyArrive() throws {
    let file = try Goldens.file("numbers")
    let numbers = try file.floats(of: try #require(file.tensor("F32")))
    var writer = GGUFWriter()
    writer.set("general.architecture", .string("golden"))
    for (tensor, piece) in zip(file.tensors, [6144, 1, 7, 100, 33, 64]) {
      writer.add(
        GGUFTensor(tensor.name, shape: tensor.shape, type: tensor.type) { sink in
          for start in stride(from: 0, to: numbers.count, by: piece) {
            try sink.append(Array(numbers[start..<min(start + piece, numbers.count)]))
          }
        })
    }
    try writer.write(to: path)
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == Goldens.bytes("numbers"))
  }

  @Test func everyValueComesBack() throws {
    let values: [GGUFValue] = [
      .uint8(1), .int8(-1), .uint16(2), .int16(-2), .uint32(3), .int32(-3), .uint64(4), .int64(-4), .float32(0.5),
      .float64(-0.5), .bool(false), .string("é"), .string(""),
      .array(.uint8([1, 2])), .array(.int8([-1])), .array(.uint16([1])), .array(.int16([-1])), .array(.uint32([1])),
      .array(.int32([-1])), .array(.uint64([1])), .array(.int64([-1])), .array(.float32([1.5])),
      .array(.float64([-1.5])), .array(.bool([true, false])), .array(.string(["a", "", "é"])),
      .array(.array([.string(["deep"]), .uint8([]), .array([.bool([true])])])), .array(.string([])), .array(.array([])),
    ]
    var writer = GGUFWriter()
    for (index, value) in values.enumerated() { writer.set("key.\(index)", value) }
    try writer.write(to: path)
    let file = try GGUFFile(path)
    for (index, value) in values.enumerated() { #expect(try file.value("key.\(index)") == value) }
  }

  @Test func setTwiceAKeyKeepsItsPlaceAndTheLastValue() throws {
    var writer = GGUFWriter()
    writer.set("first", .bool(false))
    writer.set("second", .bool(false))
    writer.set("first", .bool(true))
    try writer.write(to: path)
    let file = try GGUFFile(path)
    #expect(file.keys == ["first", "second"])
    #expect(try file.bool("first") == true)
  }

  @Test func tensorsAreMadeOneAtATimeInOrder() throws {
    var made: [Int] = []
    var writer = GGUFWriter()
    writer.set("general.alignment", .uint32(256))
    for index in 0..<3 {
      writer.add(
        GGUFTensor("t\(index)", shape: [3, 2], type: .f32) {
          made.append(index)
          return [Float](repeating: Float(index), count: 6)
        })
    }
    #expect(made.isEmpty)
    try writer.write(to: path)
    #expect(made == [0, 1, 2])
    let file = try GGUFFile(path)
    #expect(file.alignment == 256)
    for index in 0..<3 {
      #expect(try file.floats(of: file.tensors[index]) == [Float](repeating: Float(index), count: 6))
    }
    let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    #expect(size.isMultiple(of: 256))
  }

  @Test(arguments: [0, 5, 7, 12])
  func tooFewOrTooManyNumbersAreRefused(count: Int) throws {
    var writer = GGUFWriter()
    writer.add(GGUFTensor("t", shape: [2, 3], type: .f32) { [Float](repeating: 0, count: count) })
    let error = #expect(throws: MohawkError.self) { try writer.write(to: path) }
    #expect(error?.code == .mismatch)
    #expect(error?.location?.contains("tensor t") == true)
    #expect(folder.files.isEmpty, "a file that failed leaves nothing behind")
  }

  @Test func aBlockThatIsNeverFilledIsRefused() throws {
    var writer = GGUFWriter()
    writer.add(GGUFTensor("t", shape: [64], type: .q8) { [Float](repeating: 0, count: 40) })
    #expect(throws: MohawkError.self) { try writer.write(to: path) }
  }

  @Test func rowsThatAreNoWholeBlocksAreRefusedWithAWayOut() throws {
    var writer = GGUFWriter()
    writer.add(GGUFTensor("t", shape: [32, 48], type: .q4) { [Float](repeating: 0, count: 32 * 48) })
    let error = #expect(throws: MohawkError.self) { try writer.write(to: path) }
    #expect(error?.remedy?.contains("F16") == true)
  }

  @Test func valuesThatDoNotFitAreRefusedWithTheTensorsName() throws {
    for (value, type, code) in [
      (Float.nan, GGUFType.q8, MohawkError.Code.notFinite), (1e6, .f16, .outOfRange), (1e9, .q4, .outOfRange),
    ] {
      var writer = GGUFWriter()
      writer.add(GGUFTensor("blk.3.ffn_up.weight", shape: [32], type: type) { [Float](repeating: value, count: 32) })
      let error = #expect(throws: MohawkError.self) { try writer.write(to: path) }
      #expect(error?.code == code)
      #expect(error?.location?.contains("blk.3.ffn_up.weight") == true)
    }
    #expect(folder.files.isEmpty)
  }

  @Test func namesAndShapesThatReadersRefuseAreNotWritten() throws {
    let long = String(repeating: "n", count: 64)
    let tensors: [[(String, [Int])]] = [
      [("", [1])], [(long, [1])], [("t", [])], [("t", [1, 1, 1, 1, 1])], [("t", [0])], [("t", [1]), ("t", [1])],
    ]
    for shape in [[1 << 40, 1 << 40], [.max, 1], [1 << 48]] {
      var writer = GGUFWriter()
      writer.add(GGUFTensor("t", shape: shape, type: .f32) { [] })
      #expect(throws: MohawkError.self) { try writer.write(to: path) }
    }
    for tensors in tensors {
      var writer = GGUFWriter()
      for (name, shape) in tensors {
        writer.add(GGUFTensor(name, shape: shape, type: .f32) { [Float](repeating: 0, count: shape.reduce(1, *)) })
      }
      let error = #expect(throws: MohawkError.self) { try writer.write(to: path) }
      #expect(error?.code == .invalidValue)
    }
    var writer = GGUFWriter()
    writer.set("", .bool(true))
    #expect(throws: MohawkError.self) { try writer.write(to: path) }
    for alignment in [GGUFValue.uint32(0), .uint32(48), .uint64(32), .uint32(1 << 20)] {
      var writer = GGUFWriter()
      writer.set("general.alignment", alignment)
      #expect(throws: MohawkError.self) { try writer.write(to: path) }
    }
  }

  @Test func floatsForATypeThatIsOnlyReadAreRefused() throws {
    var writer = GGUFWriter()
    writer.add(GGUFTensor("t", shape: [256], type: .q6K) { [Float](repeating: 0, count: 256) })
    let error = #expect(throws: MohawkError.self) { try writer.write(to: path) }
    #expect(error?.code == .unsupported)
  }

  @Test func whatATensorsClosureThrowsLeavesNothingBehind() throws {
    struct Failure: Error {}
    var writer = GGUFWriter()
    writer.add(GGUFTensor("a", shape: [4], type: .f32) { [1, 2, 3, 4] })
    writer.add(GGUFTensor("b", shape: [4], type: .f32, floats: { throw Failure() }))
    #expect(throws: Failure.self) { try writer.write(to: path) }
    #expect(folder.files.isEmpty)
  }
}
