import Foundation
import MohawkFiles
import MohawkTensor
import Testing

@testable import MohawkWeights

@Suite struct WeightsWriteTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// `count` tensors of 400 bytes, each full of `value`.
  private func tensors(_ count: Int, _ value: Double = 1) -> [(name: String, tensor: Tensor)] {
    (0..<count).map { ("layer.\($0)", Tensor.full([100], value + Double($0))) }
  }

  @Test func theFilesAreByteForByteThoseOfTransformers() throws {
    let model = golden("sharded-safetensors")
    let shards = try FileManager.default.contentsOfDirectory(atPath: model).filter { $0.hasSuffix(".safetensors") }
      .sorted()
    #expect(shards.count == 3)
    // The order of the model's state_dict, dealt out in turn to the other golden's three files.
    let dealt = try (1...3).map { try TorchFile(golden("sharded-bin/pytorch_model-0000\($0)-of-00003.bin")) }
    let tensors = try (0..<33).map { number in
      let name = dealt[number % 3].names[number / 3]
      return (name: name, tensor: try dealt[number % 3].tensor(name))
    }
    try Weights.write(tensors, to: folder.path, shardBytes: 12_000)
    #expect(folder.files == shards + ["model.safetensors.index.json"])
    for shard in shards { #expect(try bytes(of: folder / shard) == bytes(of: model + "/" + shard), "\(shard)") }
    let theirs = String(decoding: try bytes(of: model + "/model.safetensors.index.json"), as: UTF8.self)
    let ours = String(decoding: try bytes(of: folder / "model.safetensors.index.json"), as: UTF8.self)
    #expect(ours == theirs.replacing(/\ +"total_parameters": [0-9]+,\n/, with: ""))
  }

  @Test func whatFitsIsOneFile() throws {
    try Weights.write(tensors(3), to: folder.path, shardBytes: 1200)
    #expect(folder.files == ["model.safetensors"])
    #expect(try Weights.open(folder.path).contents() == contents(tensors(3)))
  }

  private func contents(_ tensors: [(name: String, tensor: Tensor)]) -> [String: Content] {
    .init(uniqueKeysWithValues: tensors.map { ($0.name, Content($0.tensor)) })
  }

  @Test(arguments: [1, 399, 400, 401, 800, 1199, 100_000]) func whateverTheLimitTheModelComesBack(_ limit: Int) throws {
    try Weights.write(tensors(7), to: folder.path, shardBytes: limit)
    #expect(try Weights.open(folder.path).contents() == contents(tensors(7)))
    let shards = folder.files.filter { $0.hasSuffix(".safetensors") }
    for shard in shards {
      let size = try SafetensorsFile(folder / shard).entries.values.reduce(0) { $0 + $1.bytes.count }
      #expect(size <= max(limit, 400))
    }
    #expect(limit < 400 ? shards.count == 7 : shards.count <= 7)
  }

  @Test func aTensorTooLargeForAShardHasOneOfItsOwn() {
    func item(_ name: String, _ bytes: Int) -> WeightToWrite {
      WeightToWrite(name, .uint8, [bytes]) { .zeros([bytes]) }
    }
    let items = [item("a", 4), item("b", 20), item("c", 5), item("d", 2), item("e", 0)]
    #expect(Weights.split(items, shardBytes: 10).map { $0.map(\.name) } == [["b"], ["a", "c"], ["d", "e"]])
    #expect(Weights.split([], shardBytes: 10).isEmpty)
  }

  @Test func anEmptyModelIsAFileToo() throws {
    try Weights.write([WeightToWrite](), to: folder.path)
    #expect(try Weights.open(folder.path).names.isEmpty)
  }

  /// From every number of shards to every other: a reader finds the new model and nothing of the old one.
  @Test(arguments: [1, 2, 3, 5], [1, 2, 3, 5]) func whatAnEarlierWriteLeftConfusesNobody(_ old: Int, _ new: Int) throws
  {
    try AtomicFile.write("{}", to: folder / "config.json")
    try AtomicFile.write("kept", to: folder / "model-of-mine.safetensors")
    try Weights.write(tensors(old, 100), to: folder.path, shardBytes: 400)
    try Weights.write(tensors(new), to: folder.path, shardBytes: 400)
    #expect(try Weights.open(folder.path).contents() == contents(tensors(new)))
    let expected = new == 1 ? 1 : new + 1
    #expect(folder.files.count == expected + 2 && folder.files.contains("model-of-mine.safetensors"))
  }

  struct Broken: Error {}

  @Test(arguments: [2, 3]) func aWriteThatFailsLeavesTheOldModel(_ old: Int) throws {
    try Weights.write(tensors(old, 100), to: folder.path, shardBytes: 400)
    let before = folder.files
    let broken = (0..<3).map { number in
      WeightToWrite("layer.\(number)", WeightShape(.float32, [100])) {
        if number == 2 { throw Broken() }
        return .ones([100])
      }
    }
    #expect(throws: Broken.self) { try Weights.write(broken, to: folder.path, shardBytes: 400) }
    #expect(folder.files == before)
    #expect(try Weights.open(folder.path).contents() == contents(tensors(old, 100)))
    #expect(throws: Broken.self) { try Weights.write(broken, to: folder.path) }
    #expect(folder.files == before)
  }

  /// A power cut between the old index and the new one must not leave parts of both readable.
  @Test func shardsWithoutTheirIndexAreNotAModel() throws {
    try Weights.write(tensors(2), to: folder.path, shardBytes: 400)
    try FileManager.default.removeItem(atPath: folder / "model.safetensors.index.json")
    #expect(refusal { _ = try Weights.open(folder.path) }?.message.contains("no index") == true)
    try FileManager.default.removeItem(atPath: folder / "model-00001-of-00002.safetensors")
    #expect(refusal { _ = try Weights.open(folder.path) }?.message.contains("no index") == true)
  }

  @Test func tensorsAreMadeOneAtATime() throws {
    final class Alive {
      var now = 0
      var most = 0
    }
    final class Owner {
      let alive: Alive
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 400, alignment: 64)
      init(_ alive: Alive) {
        self.alive = alive
        alive.now += 1
        alive.most = max(alive.most, alive.now)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
      }
      deinit {
        alive.now -= 1
        bytes.deallocate()
      }
    }
    let alive = Alive()
    let items = (0..<20).map { number in
      WeightToWrite("t\(number)", .float32, [100]) {
        let owner = Owner(alive)
        return .borrowing(UnsafeRawBufferPointer(owner.bytes), shape: [100], dtype: .float32, owner: owner)
      }
    }
    try Weights.write(items, to: folder.path, shardBytes: 2000)
    #expect(alive.now == 0 && alive.most == 1)
    #expect(folder.files.count == 5)
  }

  @Test func namesOutsideASCIIAreEscapedAsPythonDoes() throws {
    let index = ShardIndex(files: ["ü\"\\\n🎈\u{7F}": "model.safetensors"])
    let text = index.text(totalBytes: 4)
    #expect(text.contains("\"\\u00fc\\\"\\\\\\n\\ud83c\\udf88\\u007f\": \"model.safetensors\"\n"))
    let back = try Array(text.utf8).withUnsafeBytes { try ShardIndex($0, path: "index") }
    #expect(back.files == index.files)
  }

  @Test func aFolderThatCannotBeIsRefused() throws {
    try AtomicFile.write("", to: folder / "file")
    #expect(refusal { try Weights.write(tensors(1), to: folder / "file") }?.code == .notWritable)
  }
}
