import MohawkFiles
import MohawkTensor
import Testing

@testable import MohawkWeights

@Suite struct TorchRefusalTests {
  struct Hostile: CustomTestStringConvertible, Sendable {
    let says: String
    let bytes: [UInt8]
    var testDescription: String { says }
    init(_ says: String, _ bytes: [UInt8]) { (self.says, self.bytes) = (says, bytes) }
    init(_ says: String, _ zip: ZipBuilder) { self.init(says, zip.bytes) }
    init(_ says: String, pickle: [UInt8]...) {
      let zip = ZipBuilder.torch(
        pickle: [0x80, 2] + pickle.flatMap { $0 } + Array(".".utf8), storages: [("0", [UInt8](repeating: 0, count: 64))]
      )
      self.init(says, zip.bytes)
    }
    /// One tensor `w` in a dictionary, over a record of 64 bytes.
    init(_ says: String, tensor: [UInt8]) {
      self.init(says, pickle: Pickle.dictionary([(Pickle.text("w"), tensor)]))
    }
  }

  static let good = ZipBuilder.torch(
    pickle: Pickle.file(
      Pickle.dictionary([(Pickle.text("w"), Pickle.tensor(count: 4, sizes: [2, 2], strides: [2, 1]))])),
    storages: [("0", le(0x3F80_0000, 4) + le(0x4000_0000, 4) + le(0x4040_0000, 4) + le(0x4080_0000, 4))])

  static func changed(_ change: (inout ZipBuilder) -> Void) -> ZipBuilder {
    var zip = good
    change(&zip)
    return zip
  }

  @Test func theGoodFileThatTheOthersAreMadeOfIsRead() throws {
    var zip64 = Self.good
    zip64.zip64 = (nil, nil, nil)
    zip64.records[1].extra = le(1, 2) + le(0, 2)
    zip64.records[2].localExtra = le(0x4246, 2) + le(20, 2) + [UInt8](repeating: 0, count: 20)
    zip64.comment = Array("a comment PK\u{5}\u{6}".utf8)
    var wide = Self.good
    wide.records[2].stored = .max
    wide.records[2].size = .max
    wide.records[2].extra = le(1, 2) + le(16, 2) + le(16, 8) + le(16, 8)
    for zip in [Self.good, zip64, wide] {
      let archive = try zip.bytes.withUnsafeBytes { try TorchArchive($0, path: "good") }
      #expect(archive.names == ["w"])
      let folder = try TemporaryFolder()
      try AtomicFile.write(.init(zip.bytes), to: folder / "w")
      #expect(try Weights.open(folder / "w").tensor("w").floats() == [1, 2, 3, 4])
    }
  }

  static let archives: [Hostile] = [
    Hostile("no directory at its end", [UInt8](good.bytes.dropLast())),
    Hostile("no directory at its end", [UInt8](good.bytes + [0])),
    Hostile("no directory at its end", []),
    Hostile("split over several", changed { $0.disk = 1 }),
    Hostile("claims 65535 records", changed { $0.claimedCount = .max }),
    Hostile("longer than its records", changed { $0.claimedCount = 2 }),
    Hostile("is damaged at byte", changed { $0.claimedCount = 4 }),
    Hostile("not where its end record says", changed { $0.claimedSize = 1 << 31 }),
    Hostile("not where its end record says", changed { $0.claimedStart = .max }),
    Hostile("claims 9223372036854775807 records", changed { $0.zip64 = (1 << 63 - 1, nil, nil) }),
    Hostile("not where its end record says", changed { $0.zip64 = (1 << 63, nil, nil) }),
    Hostile("not where its end record says", changed { $0.zip64 = (nil, .max, nil) }),
    Hostile("not where its end record says", changed { $0.zip64 = (nil, nil, 1 << 63) }),
    Hostile(
      "ZIP64 end record",
      changed {
        $0.zip64 = (nil, nil, nil)
        $0.zip64Place = 1 << 63
      }),
    Hostile("is encrypted", changed { $0.records[2].flags = 1 }),
    Hostile("is compressed", changed { $0.records[2].method = 8 }),
    Hostile("in 1 bytes instead of 16", changed { $0.records[2].stored = 1 }),
    Hostile(
      "reaches into what follows it",
      changed {
        $0.records[2].stored = 1 << 31
        $0.records[2].size = 1 << 31
      }),
    Hostile(
      "lacks its ZIP64 sizes",
      changed {
        $0.records[2].stored = .max
        $0.records[2].size = .max
      }),
    Hostile(
      "lies outside the file",
      changed {
        $0.records[2].stored = .max
        $0.records[2].size = .max
        $0.records[2].extra = le(1, 2) + le(16, 2) + le(.max, 8) + le(.max, 8)
      }),
    Hostile("reaches into what follows it", changed { $0.records[2].offset = 1 }),
    Hostile("lies outside the file", changed { $0.records[2].offset = 1 << 31 }),
    Hostile("not where the directory says", changed { $0.records[2].localName = "archive/data/1" }),
    Hostile("two records 'archive/byteorder'", changed { $0.records.append($0.records[1]) }),
    // Two names for the same bytes: the way in which a small archive stands for a huge one.
    Hostile(
      "reaches into what follows it",
      changed {
        $0.records.insert(.init("archive/data/x", $0.records[2].content), at: 2)
        $0.records[2].localExtra = [UInt8](repeating: 0, count: 16)
        let inner = ZipBuilder([("archive/data/y", [1, 2, 3])]).bytes
        $0.records.append(.init("archive/data/z", Array(inner.prefix(30 + 14 + 3))))
        var other = ZipBuilder.Record("archive/data/y", [])
        let before = $0.records.dropLast().map {
          30 + ($0.localName ?? $0.name).utf8.count + $0.localExtra.count + $0.content.count
        }
        other.offset = UInt32(before.reduce(0, +) + 30 + 14)
        other.stored = 3
        other.size = 3
        $0.records.append(other)
      }),
    Hostile("has 0 records …/data.pkl", ZipBuilder([("data.pkl", [])])),
    Hostile("has 0 records …/data.pkl", ZipBuilder([("a/b/data.pkl", [])])),
    Hostile("has 2 records …/data.pkl", changed { $0.records.append(.init("other/data.pkl", [])) }),
    Hostile("TorchScript", changed { $0.records.append(.init("archive/constants.pkl", [])) }),
    Hostile("little-endian", changed { $0.records[1].content = Array("big".utf8) }),
    Hostile("no record of its values", changed { $0.records.removeLast() }),
    Hostile("record of 15 bytes", changed { $0.records[2].content.removeLast() }),
  ]

  static let pickles: [Hostile] = [
    Hostile("does not end", ZipBuilder.torch(pickle: [])),
    Hostile("protocols 2 to 5", ZipBuilder.torch(pickle: [0x80, 1, 0x2E])),
    Hostile("protocols 2 to 5", ZipBuilder.torch(pickle: [0x80, 6, 0x2E])),
    Hostile("protocols 2 to 5", ZipBuilder.torch(pickle: Array("(dp0\n.".utf8))),
    Hostile("does not end", ZipBuilder.torch(pickle: [0x80, 2])),
    Hostile("does not end", ZipBuilder.torch(pickle: [0x80, 2] + Array("}".utf8))),
    Hostile("ends with 0 values", pickle: []),
    Hostile("ends with 2 values", pickle: Pickle.op("}"), Pickle.op("}")),
    Hostile("ends with 1 values", pickle: Pickle.op("("), Pickle.op("}")),
    Hostile("'os.system'", pickle: Pickle.global("os", "system"), Pickle.tuple([Pickle.text("true")]), Pickle.op("R")),
    Hostile("'builtins.eval'", pickle: Pickle.text("builtins"), Pickle.text("eval"), [0x93]),
    Hostile("'torch.storage._load_from_bytes'", pickle: Pickle.global("torch.storage", "_load_from_bytes")),
    Hostile("'torch.nn.modules.linear.Linear'", pickle: Pickle.global("torch.nn.modules.linear", "Linear")),
    Hostile("'o?s.x?'", pickle: Pickle.global("o\u{7}s", "x\u{1B}")),
    Hostile("name that is not a text", pickle: Pickle.int(1), Pickle.int(2), [0x93]),
    Hostile("name that is no text", pickle: [0x63, 0xFF, 0x0A, 0xFF, 0x0A]),
    Hostile("opcode 105", pickle: Pickle.op("i"), Array("os\nsystem\n".utf8)),
    Hostile("opcode 129", pickle: Pickle.global("collections", "OrderedDict"), Pickle.op(")"), [0x81]),
    Hostile("opcode 130", pickle: [0x82, 1]),
    Hostile("opcode 80", pickle: Pickle.op("P"), Array("0\n".utf8)),
    Hostile("opcode 151", pickle: [0x97]),
    Hostile("opcode 255", pickle: [255]),
    Hostile("more values than there are", pickle: Pickle.op("0")),
    Hostile("more values than there are", pickle: Pickle.op("}"), Pickle.op("("), Pickle.op("0")),
    Hostile("more values than there are", pickle: Pickle.op("2")),
    Hostile("more values than there are", pickle: [0x87]),
    Hostile("more values than there are", pickle: Pickle.op("R")),
    Hostile("more values than there are", pickle: Pickle.op("q"), [0]),
    Hostile("no mark", pickle: Pickle.op("t")),
    Hostile("no mark", pickle: Pickle.op("u")),
    Hostile("not a dictionary", pickle: Pickle.op("]"), Pickle.op("("), Pickle.op("u")),
    Hostile("not a dictionary", pickle: Pickle.op("}"), Pickle.op("("), Pickle.int(1), Pickle.op("u")),
    Hostile("not a list", pickle: Pickle.op("}"), Pickle.int(1), Pickle.op("a")),
    Hostile("not a set", pickle: Pickle.op("}"), Pickle.op("("), [0x90]),
    Hostile("never kept", pickle: Pickle.op("h"), [7]),
    Hostile("never kept", pickle: Pickle.op("j"), [255, 255, 255, 255]),
    Hostile("claims 4294967295 bytes", pickle: Pickle.op("X"), [255, 255, 255, 255]),
    Hostile("claims 18446744073709551615 bytes", pickle: [0x8D], [UInt8](repeating: 255, count: 8)),
    Hostile("claims 9223372036854775808 bytes", pickle: [0x8E, 0, 0, 0, 0, 0, 0, 0, 0x80]),
    Hostile("claims 2147483648 bytes", pickle: [0x8B, 0, 0, 0, 0x80]),
    Hostile("cannot be called", pickle: Pickle.text("f"), Pickle.op(")"), Pickle.op("R")),
    Hostile("cannot be called", pickle: Pickle.global("torch", "FloatStorage"), Pickle.op(")"), Pickle.op("R")),
    Hostile("cannot be called", pickle: Pickle.global("collections", "OrderedDict"), Pickle.op("]"), Pickle.op("R")),
    Hostile("attributes of what has none", pickle: Pickle.int(1), Pickle.op("}"), Pickle.op("b")),
    Hostile("not a storage's", pickle: Pickle.int(1), Pickle.op("Q")),
    Hostile("not a storage's", pickle: Pickle.storage("0", count: -1)),
    Hostile("not a storage's", pickle: Pickle.storage("0", count: 1, type: "float32")),
    Hostile("no dictionary of tensors", pickle: Pickle.int(1)),
    Hostile("no dictionary of tensors", pickle: Pickle.tensor(count: 1, sizes: [1], strides: [1])),
    Hostile("holds no tensors", pickle: Pickle.op("}")),
    Hostile("only 'epoch'", pickle: Pickle.dictionary([(Pickle.text("epoch"), Pickle.int(3))])),
    Hostile(
      "name is not a text",
      pickle: Pickle.dictionary([(Pickle.int(0), Pickle.tensor(count: 1, sizes: [1], strides: [1]))])),
    Hostile(
      "'w' occurs twice",
      pickle: Pickle.dictionary([
        (Pickle.text("w"), Pickle.tensor(count: 1, sizes: [1], strides: [1])),
        (Pickle.text("w"), Pickle.tensor(count: 1, sizes: [1], strides: [1])),
      ])),
    Hostile(
      "several dictionaries of tensors: 'model', 'state_dict'",
      pickle: Pickle.dictionary(
        ["model", "state_dict"].map {
          let inner = Pickle.dictionary([(Pickle.text("w"), Pickle.tensor(count: 1, sizes: [1], strides: [1]))])
          return (Pickle.text($0), inner)
        })),
    Hostile(
      "'parts' holds tensors inside",
      pickle: Pickle.dictionary([
        (Pickle.text("w"), Pickle.tensor(count: 1, sizes: [1], strides: [1])),
        (Pickle.text("parts"), Pickle.tuple([Pickle.tensor(count: 1, sizes: [1], strides: [1])])),
      ])),
    // A parameter around a parameter around itself: what is rebuilt from types is not rebuilt from types again.
    Hostile(
      "from something else",
      pickle: Pickle.global("torch._tensor", "_rebuild_from_type_v2"),
      Pickle.tuple([
        Pickle.global("torch._tensor", "_rebuild_from_type_v2"), Pickle.global("torch", "Tensor"), Pickle.tuple([]),
        Pickle.op("}"),
      ]), Pickle.op("R")),
  ]

  static let tensors: [Hostile] = [
    Hostile("reaches to element 4 of a storage of 4", tensor: Pickle.tensor(count: 4, sizes: [5], strides: [1])),
    Hostile("reaches to element 4", tensor: Pickle.tensor(count: 4, offset: 4, sizes: [], strides: [])),
    Hostile("reaches to element 9", tensor: Pickle.tensor(count: 4, sizes: [2, 2], strides: [8, 1])),
    Hostile("record of 64 bytes", tensor: Pickle.tensor(count: 17, sizes: [1], strides: [1])),
    Hostile("record of 64 bytes", tensor: Pickle.tensor(count: .max, sizes: [1], strides: [1])),
    Hostile("no record of its values", tensor: Pickle.tensor("1", count: 1, sizes: [1], strides: [1])),
    Hostile("no record of its values", tensor: Pickle.tensor("../data.pkl", count: 1, sizes: [1], strides: [1])),
    Hostile("too large", tensor: Pickle.tensor(count: 4, sizes: [1 << 62, 4], strides: [0, 0])),
    Hostile("too large", tensor: Pickle.tensor(count: 4, sizes: [0, 1 << 62, 4], strides: [1, 1, 1])),
    Hostile("too large", tensor: Pickle.tensor(count: 4, sizes: [3], strides: [.max])),
    Hostile("too large", tensor: Pickle.tensor(count: 4, offset: .max, sizes: [2], strides: [1])),
    Hostile(
      "repeats its values to 4000000000 bytes", tensor: Pickle.tensor(count: 4, sizes: [1_000_000_000], strides: [0])),
    Hostile("something else than", tensor: Pickle.tensor(count: 4, sizes: [-1], strides: [1])),
    Hostile("something else than", tensor: Pickle.tensor(count: 4, sizes: [1], strides: [-1])),
    Hostile("something else than", tensor: Pickle.tensor(count: 4, sizes: [1], strides: [])),
    Hostile("something else than", tensor: Pickle.tensor(count: 4, offset: -1, sizes: [1], strides: [1])),
    Hostile(
      "something else than",
      tensor: Pickle.tensor(count: 4, sizes: .init(repeating: 1, count: 65), strides: .init(repeating: 1, count: 65))),
    Hostile(
      "without a tensor",
      tensor: Pickle.global("torch._utils", "_rebuild_parameter") + Pickle.tuple([Pickle.int(1)]) + Pickle.op("R")),
    Hostile(
      "without its type",
      tensor: Pickle.global("torch._utils", "_rebuild_tensor_v3") + Pickle.tuple([]) + Pickle.op("R")),
  ]

  @Test(arguments: archives + pickles + tensors) func aDamagedFileIsRefusedInOneSentence(_ hostile: Hostile) {
    let owner = GuardedBytes(room: hostile.bytes.count)
    let file = owner.put(hostile.bytes)
    let error = refusal {
      let archive = try TorchArchive(file, path: "hostile")
      for name in archive.names { _ = try archive.tensor(name, in: file, owner: owner, path: "hostile") }
    }
    #expect(error?.location == "hostile" && error?.remedy != nil)
    #expect(error?.message.contains(hostile.says) == true, "\(error?.message ?? "")")
  }

  @Test func aBooleanThatIsNeitherIsRefused() throws {
    let folder = try TemporaryFolder()
    let tensor = Pickle.tensor(count: 1, sizes: [1], strides: [1], type: "BoolStorage")
    let pickle = Pickle.file(Pickle.dictionary([(Pickle.text("w"), tensor)]))
    try AtomicFile.write(.init(ZipBuilder.torch(pickle: pickle, storages: [("0", [2])]).bytes), to: folder / "w")
    let file = try TorchFile(folder / "w")
    #expect(refusal { _ = try file.tensor("w") }?.message.contains("byte 2") == true)
  }

  /// Lists that contain the list before twice: 2^n items when they are unfolded.
  @Test func sharedListsTakeNoMoreRoomThanTheirPickle() throws {
    let doubled = Pickle.op("]") + Pickle.op("q") + [0]
    let again = Pickle.op("0") + Pickle.op("]") + Pickle.op("h") + [0] + Pickle.op("a") + Pickle.op("h") + [0]
    let bomb =
      doubled + [[UInt8]](repeating: again + Pickle.op("a") + Pickle.op("q") + [0], count: 20_000).flatMap { $0 }
    let pickle = Pickle.file(bomb)
    try pickle.withUnsafeBytes { bytes in
      var machine = Unpickler(bytes, fileSize: bytes.count)
      guard case .list = try machine.run() else { throw Fault.notAList }
      #expect(machine.lists.count == 20_001 && machine.kept < 8 * 20_001)
    }
  }
  enum Fault: Error { case notAList }

  @Test func deepNestingIsOnlyLong() throws {
    for (open, close) in [("(", "t"), ("(", "l"), ("]", "a")] {
      let depth = 200_000
      let pickle = Pickle.file(
        [UInt8](repeating: Array(open.utf8)[0], count: depth), Pickle.op("]"),
        [UInt8](repeating: Array(close.utf8)[0], count: depth))
      let error = refusal {
        _ = try ZipBuilder.torch(pickle: pickle).bytes.withUnsafeBytes { try TorchArchive($0, path: "deep") }
      }
      #expect(error?.message.contains("no dictionary") == true)
    }
  }

  @Test func whatIsKeptIsBoundedByTheFile() {
    for opcode in ["}", "]", ")", "(", "N"] {
      let pickle = Pickle.file([UInt8](repeating: Array(opcode.utf8)[0], count: 3_000_000))
      let error = refusal {
        _ = try ZipBuilder.torch(pickle: pickle).bytes.withUnsafeBytes { try TorchArchive($0, path: "many") }
      }
      #expect(error?.message.contains("more values than a file of this size can need") == true)
    }
  }
}
