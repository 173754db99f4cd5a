import MohawkFiles
import Testing

@testable import MohawkTensor
@testable import MohawkWeights

/// Damaged files by the ten thousand. Each is either refused with a `MohawkError` or read to its last element; anything
/// else ends the process: a trap, a read past the end, memory that a number in the file asks for.
@Suite struct FuzzTests {
  /// Runs `cases` changes of one of the seeds each and tells how many were read.
  static func fuzz(
    _ seeds: [[UInt8]], tokens: [[UInt8]], cases: Int, seed: UInt64,
    _ read: (UnsafeRawBufferPointer, GuardedBytes) throws -> Void
  ) throws -> Int {
    var mutator = Mutator(seed: seed, tokens: tokens)
    let memory = GuardedBytes(room: 1 << 20)
    var accepted = 0
    for number in 0..<cases {
      var bytes = seeds[number % seeds.count]
      mutator.mutate(&bytes)
      do {
        try read(memory.put(bytes), memory)
        accepted += 1
      } catch let error as MohawkError {
        let message = error.message.utf8
        if error.location != "mutant" || message.count > 2000 || message.contains(0x0A) {
          Issue.record("case \(number): \(error)")
        }
      }
    }
    #expect(accepted > cases / 200 && accepted < cases * 19 / 20, "\(accepted) of \(cases) were read")
    return accepted
  }

  static func tokens(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

  static let jsonTokens = tokens([
    "0", "-1", "1e9", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "[", "]", "{", "}", "\"", ",", ":", "\\u0000", "\\ud800", "F8_E4M3", "F4", "BOOL", "null",
    "\"shape\":", "\"dtype\":", "\"data_offsets\":", "\"__metadata__\":", "\"weight_map\":", "../", "/", "\u{0}",
    String(repeating: "[", count: 500), String(repeating: "{\"a\":", count: 200),
  ])

  @Test func safetensorsHeaders() throws {
    var seeds: [[UInt8]] = []
    for text in [
      """
      {"__metadata__":{"format":"pt"},"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F32",\
      "shape":[2,1],"data_offsets":[8,16]},"e":{"dtype":"F16","shape":[0,4],"data_offsets":[16,16]}}
      """,
      """
      {"f":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,4]},"u\\u00fc":{"dtype":"BF16","shape":[2,1,1],\
      "data_offsets":[4,8]},"g":{"dtype":"BOOL","shape":[8],"data_offsets":[8,16]}}
      """,
    ] {
      seeds.append(le(UInt64(text.utf8.count), 8) + Array(text.utf8) + [UInt8](repeating: 1, count: 16))
    }
    var unmended = 0
    _ = try Self.fuzz(seeds, tokens: Self.jsonTokens, cases: 50_000, seed: 1) { bytes, memory in
      // Every other header gets its true length, so that more than the length is tried.
      var file = bytes
      unmended += 1
      if unmended % 2 == 0, bytes.count > 24 {
        var mended = [UInt8](bytes)
        mended.replaceSubrange(0..<8, with: le(UInt64(bytes.count - 24), 8))
        file = memory.put(mended)
      }
      let header = try SafetensorsHeader(file, path: "mutant")
      #expect(header.names.count == header.entries.count + header.foreign.count)
      for (_, entry) in header.entries {
        let values = UnsafeRawBufferPointer(rebasing: file[entry.bytes])
        let tensor = Tensor.borrowingIfAligned(values, shape: entry.shape, dtype: entry.dtype, owner: memory)
        Self.touch(tensor)
      }
    }
  }

  /// Reads every element.
  private static func touch(_ tensor: Tensor) {
    if tensor.count > 0, tensor.dtype != .bool { _ = tensor.sum() }
  }

  @Test func shardIndexes() throws {
    let seeds = Self.tokens([
      """
      {"metadata":{"total_size":26112,"a":[1,{"b":null}]},"weight_map":{"x":"model-00001-of-00002.safetensors",\
      "y.weight":"model-00002-of-00002.safetensors"}}
      """,
      "{\n  \"weight_map\": {\n    \"ü\": \"m.bin\"\n  }\n}\n",
    ])
    _ = try Self.fuzz(seeds, tokens: Self.jsonTokens, cases: 50_000, seed: 2) { bytes, _ in
      let index = try ShardIndex(bytes, path: "mutant")
      #expect(index.shards.allSatisfy { !$0.contains("/") && $0 != ".." && !$0.isEmpty && !$0.utf8.contains(0) })
    }
  }

  static let pickleTokens: [[UInt8]] =
    tokens(Array("(012NJKMGXTUBC)t]lae}dsuqrhjcQRb.PiI").map(String.init))
    + [
      [0x80, 4], [0x82], [0x81], [0x85], [0x86], [0x87], [0x88], [0x89], [0x8A, 8], [0x8A, 9],
      [0x8B, 255, 255, 255, 255],
      [0x8C, 255], [0x8D, 0, 0, 0, 0, 0, 0, 0, 0x80], [0x8E], [0x8F], [0x90], [0x91], [0x92], [0x93], [0x94], [0x95],
      [0x96, 0, 0, 0, 0, 1, 0, 0, 0], [0x97], [0x98], Pickle.global("os", "system"), Pickle.int(.max), Pickle.int(-1),
      Pickle.text("state_dict"), Pickle.text("w"), Pickle.tuple([]), Array("h\u{0}h\u{0}ae".utf8),
      Pickle.tensor(count: 4, sizes: [2, 2], strides: [1, 2]), Pickle.storage("0", count: 1 << 40),
      [UInt8](repeating: UInt8(ascii: "("), count: 500), [UInt8](repeating: 0x85, count: 500),
      [UInt8](repeating: UInt8(ascii: "2"), count: 500),
    ]

  /// Where the pickle lies in an archive with room for it to grow: what follows its end is not looked at.
  static func archive(_ pickle: [UInt8], room: Int) throws -> (file: [UInt8], pickle: Range<Int>) {
    let padded = pickle + [UInt8](repeating: 0, count: room)
    let file = ZipBuilder.torch(pickle: padded, storages: [("0", [UInt8](repeating: 1, count: 64))]).bytes
    let place = try file.withUnsafeBytes { file in
      try ZipDirectory(file, path: "seed").records["archive/data.pkl"]?.place(in: file, path: "seed")
    }
    return (file, try #require(place))
  }

  static func pickle(in file: String) throws -> [UInt8] {
    try bytes(of: golden(file)).withUnsafeBytes { file in
      let records = try ZipDirectory(file, path: "seed").records
      let record = try #require(records.first { $0.key.hasSuffix("/data.pkl") }).value
      return [UInt8](file[try record.place(in: file, path: "seed")])
    }
  }

  static func small(_ tensors: [[UInt8]]) -> [UInt8] {
    Pickle.file(Pickle.dictionary(tensors.enumerated().map { (Pickle.text("w\($0)"), $1) }))
  }

  static func seeds() throws -> [[UInt8]] {
    [
      small([Pickle.tensor(count: 4, sizes: [2, 2], strides: [2, 1])]),
      small([
        Pickle.tensor(count: 8, sizes: [2, 2], strides: [1, 2], type: "LongStorage"),
        Pickle.tensor(count: 32, offset: 3, sizes: [3], strides: [0], type: "HalfStorage"),
      ]),
      try pickle(in: "nested-state_dict.pth"),
    ]
  }

  private static func read(_ file: UnsafeRawBufferPointer, _ memory: GuardedBytes) throws {
    let archive = try TorchArchive(file, path: "mutant")
    for name in archive.names where archive.entries[name]?.dtype != nil {
      touch(try archive.tensor(name, in: file, owner: memory, path: "mutant"))
    }
  }

  @Test func pickles() throws {
    let room = 1500
    let seeds = try Self.seeds()
    let archives = try seeds.map { try Self.archive($0, room: room) }
    var number = 0
    _ = try Self.fuzz(seeds, tokens: Self.pickleTokens, cases: 50_000, seed: 3) { bytes, memory in
      var machine = Unpickler(bytes, fileSize: bytes.count)
      _ = try? machine.run()
      let made = machine.lists.count + machine.dictionaries.count + machine.tensors.count + machine.storages.count
      #expect(made + machine.memo.count <= bytes.count && machine.kept <= 20 * bytes.count)

      let (file, place) = archives[number % archives.count]
      number += 1
      var changed = file
      let pickle = bytes.prefix(place.count)
      changed.replaceSubrange(place.lowerBound..<place.lowerBound + pickle.count, with: pickle)
      try Self.read(memory.put(changed), memory)
    }
  }

  static let zipTokens: [[UInt8]] = [
    le(0x0403_4B50, 4), le(0x0201_4B50, 4), le(0x0605_4B50, 4), le(0x0606_4B50, 4), le(0x0706_4B50, 4),
    le(0xFFFF_FFFF, 4), le(1, 2) + le(16, 2) + le(.max, 8) + le(.max, 8), le(0, 4), Array("archive/data/0".utf8),
    Array("archive/data.pkl".utf8), Array("/".utf8), [8, 0], [255, 255],
  ]

  @Test func archives() throws {
    var zip64 = TorchRefusalTests.good
    zip64.zip64 = (nil, nil, nil)
    let seeds = [TorchRefusalTests.good.bytes, zip64.bytes, try bytes(of: golden("nested-model.pth"))]
    _ = try Self.fuzz(seeds, tokens: Self.zipTokens, cases: 50_000, seed: 4) { try Self.read($0, $1) }
  }

  /// Lies of the directory that agree with one another, which changes of single bytes seldom hit.
  @Test func archivesThatLie() throws {
    var mutator = Mutator(seed: 6, tokens: [[]])
    func number() -> UInt64 { Mutator.extremes[mutator.below(Mutator.extremes.count)] }
    func small() -> UInt64 { UInt64(mutator.below(700)) }
    let memory = GuardedBytes(room: 1 << 16)
    var refused = 0
    for _ in 0..<20_000 {
      var zip = TorchRefusalTests.good
      if mutator.below(3) == 0 { zip.zip64 = (nil, nil, nil) }
      for _ in 0...mutator.below(2) {
        let record = mutator.below(zip.records.count)
        switch mutator.below(9) {
        case 0:
          let size = UInt32(truncatingIfNeeded: mutator.below(2) == 0 ? number() : small())
          (zip.records[record].stored, zip.records[record].size) = (size, size)
        case 1:
          (zip.records[record].stored, zip.records[record].size) = (.max, .max)
          let size = le(mutator.below(2) == 0 ? number() : small(), 8)
          zip.records[record].extra = le(1, 2) + le(16, 2) + size + size
        case 2:
          zip.records[record].offset = .max
          zip.records[record].extra = le(1, 2) + le(8, 2) + le(number(), 8)
        case 3: zip.records[record].offset = UInt32(small())
        case 4: zip.records[record].name = zip.records[mutator.below(zip.records.count)].name
        case 5: zip.claimedCount = UInt16(truncatingIfNeeded: number())
        case 6: (zip.claimedStart, zip.claimedSize) = (UInt32(small()), UInt32(small()))
        case 7: zip.zip64 = (mutator.below(2) == 0 ? nil : number(), nil, mutator.below(2) == 0 ? nil : number())
        default: zip.zip64Place = mutator.below(2) == 0 ? small() : number()
        }
      }
      do { try Self.read(memory.put(zip.bytes), memory) } catch is MohawkError { refused += 1 }
    }
    #expect(refused > 5000 && refused < 19_500, "\(refused) of 20000 were refused")
  }

  /// The file as a whole, as it is told apart by its content.
  @Test func filesOfEveryKind() throws {
    let seeds = [
      TorchRefusalTests.good.bytes, Array("GGUF\u{3}".utf8), le(2, 8) + Array("{}".utf8), [0x80, 2, 0x8A, 10],
    ]
    _ = try Self.fuzz(seeds, tokens: Self.zipTokens + Self.jsonTokens, cases: 10_000, seed: 5) { bytes, memory in
      switch try FileKind(bytes, path: "mutant") {
      case .safetensors: _ = try SafetensorsHeader(bytes, path: "mutant")
      case .torch: try Self.read(bytes, memory)
      case .gguf: break  // fuzzed by itself, and as a model
      }
    }
  }
}
