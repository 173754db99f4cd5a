import Foundation
import MohawkFiles
import Testing

@testable import MohawkTensor

/// A folder that goes when the test does.
final class TemporaryFolder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-\(UUID().uuidString)").path
  init() throws { try AtomicFolder.ensure(path) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  static func / (folder: TemporaryFolder, name: String) -> String { folder.path + "/" + name }
}

@Suite struct SafetensorsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Written by the PyPI package safetensors 0.8.0, `safetensors.numpy.save` with metadata `{"format": "pt"}`.
  static let golden = Data(
    base64Encoded:
      """
      wAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhLndlaWdodCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbM10sImRh\
      dGFfb2Zmc2V0cyI6WzAsMjRdfSwic2NhbGFyIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOlsyNCwzMl19LCJi\
      Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29mZnNldHMiOlszMiw1Nl19LCJlbXB0eSI6eyJkdHlwZSI6IkYzMiIsInNo\
      YXBlIjpbMCw0XSwiZGF0YV9vZmZzZXRzIjpbNTYsNTZdfSwiaCI6eyJkdHlwZSI6IkYxNiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6\
      WzU2LDYwXX0sInVcInEiOnsiZHR5cGUiOiJVOCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzYwLDYxXX0sImZsYWciOnsiZHR5cGUi\
      OiJCT09MIiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNjEsNjRdfX0gICAgICAgAQAAAAAAAAD+/////////wMAAAAAAAAAAAAAAAAA\
      BEAAAAAAAACAPgAAAD8AAEA/AACAPwAAoD8APgDABwEAAQ==
      """)!

  static var goldenTensors: [(name: String, tensor: Tensor)] {
    [
      ("b", Tensor.range(0, 6).reshaped(2, 3).to(.float32) / 4),
      ("a.weight", Tensor([1, -2, 3] as [Int64])),
      ("flag", Tensor([true, false, true])),
      ("empty", .zeros([0, 4])),
      ("scalar", .scalar(2.5, .float64)),
      ("h", Tensor([1.5, -2] as [Float]).to(.float16)),
      ("u\"q", Tensor([7] as [UInt8])),
    ]
  }

  @Test func theFileIsByteForByteThatOfThePythonPackage() throws {
    try Safetensors.write(Self.goldenTensors, metadata: ["format": "pt"], to: folder / "a.safetensors")
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder / "a.safetensors")) == Self.golden)
    try Safetensors.write(Self.goldenTensors.reversed(), metadata: ["format": "pt"], to: folder / "b.safetensors")
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder / "b.safetensors")) == Self.golden)
  }

  @Test func aFileOfThePythonPackageIsRead() throws {
    try AtomicFile.write(Self.golden, to: folder / "a.safetensors")
    let file = try SafetensorsFile(folder / "a.safetensors")
    #expect(file.names == ["a.weight", "scalar", "b", "empty", "h", "u\"q", "flag"])
    #expect(file.metadata == ["format": "pt"])
    for (name, expected) in Self.goldenTensors {
      let tensor = try file.tensor(name, checkFinite: true)
      #expect(tensor.dtype == expected.dtype && tensor.shape == expected.shape)
      #expect(tensor.doubles() == expected.doubles(), "\(name)")
    }
  }

  @Test func everyTypeAndAwkwardNamesComeBack() throws {
    let names = DType.allCases.map { "layers.0.\($0) \"\\\n\u{1} ü🎈" }
    let tensors = zip(names, DType.allCases).map { ($0, Tensor([0, 1, 1, 0, 1] as [Float]).to($1)) }
    let metadata = ["": "", "k\"e\ny": "\\v🎈"]
    try Safetensors.write(tensors, metadata: metadata, to: folder / "all")
    let file = try SafetensorsFile(folder / "all")
    #expect(file.metadata == metadata)
    #expect(Set(file.names) == Set(names))
    for (name, dtype) in zip(names, DType.allCases) {
      let tensor = try file.tensor(name)
      #expect(tensor.dtype == dtype && tensor.doubles() == [0, 1, 1, 0, 1])
    }
  }

  @Test func viewsAreWrittenInTheirOwnOrder() throws {
    let view = Tensor.range(0, 6).reshaped(2, 3).transposed()
    try Safetensors.write([("view", view)], to: folder / "v")
    let back = try SafetensorsFile(folder / "v").tensor("view")
    #expect(back.shape == [3, 2] && back.integers() == [0, 3, 1, 4, 2, 5])
  }

  @Test func aTensorOutlivesTheFileObject() throws {
    try Safetensors.write([("x", Tensor.range(0, 100_000))], to: folder / "x")
    let tensor = try SafetensorsFile(folder / "x").tensor("x")
    #expect(tensor.sum().intItem() == 4_999_950_000)
  }

  @Test func anAlignedTensorIsNotCopied() throws {
    // Two tensors of one name at one address: neither has storage of its own.
    let count = 100_000_000
    let header = "{\"x\":{\"dtype\":\"F32\",\"shape\":[\(count)],\"data_offsets\":[0,\(4 * count)]}}"
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    try AtomicFile.write(safetensors(padded, body: 0), to: folder / "big")
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: folder / "big"))
    try handle.truncate(atOffset: UInt64(8 + padded.utf8.count + 4 * count))
    try handle.close()
    let file = try SafetensorsFile(folder / "big")
    let first = try file.tensor("x")
    let second = try file.tensor("x")
    #expect(first.withBytes { $0.baseAddress } == second.withBytes { $0.baseAddress })
    #expect(first.narrowed(0, from: count - 1, length: 1).item() == 0)
  }

  @Test func aMisalignedTensorIsRightToo() throws {
    let header = "{\"x\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}}  "
    #expect((8 + header.utf8.count) % 8 != 0)
    var data = safetensors(header, body: 0)
    data += [1.5, -2.5].withUnsafeBytes { Data($0) }
    try AtomicFile.write(data, to: folder / "odd")
    #expect(try SafetensorsFile(folder / "odd").tensor("x").doubles() == [1.5, -2.5])
  }

  @Test func brokenWeightsAreRefusedWhenAsked() throws {
    let broken = Tensor([1, .nan] as [Float])
    try Safetensors.write([("good", .ones([2])), ("broken", broken)], to: folder / "n")
    let file = try SafetensorsFile(folder / "n")
    _ = try file.tensor("good", checkFinite: true)
    _ = try file.tensor("broken")
    let error = #expect(throws: MohawkError.self) { try file.tensor("broken", checkFinite: true) }
    #expect(error?.code == .notFinite)
    #expect(error?.description.contains("broken") == true)
  }

  @Test(arguments: [DType.float32, .float64, .bfloat16, .float16])
  func everyTypeIsSearchedForWhatIsNotFinite(_ type: DType) throws {
    let largest: Double = type == .float16 ? 65_504 : 1e38
    for (name, last) in [("good", largest), ("nan", .nan), ("plus", .infinity), ("minus", -.infinity)] {
      let numbers = Tensor([0, -largest, 1e-7, last]).to(type)
      try Safetensors.write([("x", numbers)], to: folder / "finite")
      let file = try SafetensorsFile(folder / "finite")
      if name == "good" {
        _ = try file.tensor("x", checkFinite: true)
      } else {
        let error = #expect(throws: MohawkError.self, "\(type) \(name)") { try file.tensor("x", checkFinite: true) }
        #expect(error?.code == .notFinite)
      }
    }
  }

  @Test func anUnknownNameIsNamed() throws {
    try Safetensors.write([("x", .ones([2]))], to: folder / "x")
    let error = #expect(throws: MohawkError.self) { try SafetensorsFile(folder / "x").tensor("y") }
    #expect(error?.description.contains("'y'") == true)
  }

  @Test func aWriteThatFailsKeepsTheOldFile() throws {
    try AtomicFile.write("old", to: folder / "file")
    #expect(throws: MohawkError.self) { try Safetensors.write([("x", .ones([2]))], to: folder / "file/inside") }
    #expect(try String(contentsOfFile: folder / "file", encoding: .utf8) == "old")
    #expect(throws: MohawkError.self) { try Safetensors.write([("x", .ones([2]))], to: folder / "none/x") }
  }
}

/// A file of this header and `body` zero bytes.
func safetensors(_ header: String, body: Int) -> Data {
  var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
  data += Data(header.utf8)
  return data + Data(count: body)
}
