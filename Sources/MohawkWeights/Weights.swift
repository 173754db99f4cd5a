import Foundation
import MohawkFiles
import MohawkTensor

/// Opening and writing checkpoints.
public enum Weights {
  /// The names of a checkpoint in a folder, in the order in which they are looked for, which is that of transformers 5: a
  /// whole file goes before an index, safetensors before PyTorch's files.
  static let names = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
  ]
  /// Endings of files that may hold weights under any name.
  static let endings = ["safetensors", "pt", "pth", "bin"]

  /// Opens a checkpoint. Headers are read and checked; the tensors' pages are read when they are touched.
  ///
  /// - Parameter path: a file, also of GGUF, told apart by its content (an index by its name, `….index.json`), or a folder with
  ///   `model.safetensors`, `model.safetensors.index.json`, `pytorch_model.bin` or `pytorch_model.bin.index.json`, the
  ///   first of them that is there, else with a single `.safetensors`, `.pt`, `.pth` or `.bin` file.
  /// - Throws: `MohawkError` that names the file and what is wrong with it.
  public static func open(_ path: String) throws -> any WeightStore {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return try one(path)
    }
    guard let files = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw MohawkError(
        .notReadable, "the folder cannot be listed", at: path, remedy: "change its permissions or choose another one")
    }
    let chosen = try choose(files, in: path)
    if files.contains(chosen + ".index.json") {
      Notice.report("\(chosen) is used, and \(chosen).index.json with its shards is passed over", at: path)
    }
    return try one(path + "/" + chosen)
  }

  private static func one(_ path: String) throws -> any WeightStore {
    path.hasSuffix(".index.json") ? try ShardedWeights(path) : try file(path)
  }

  /// Which of a folder's files holds its weights.
  static func choose(_ files: [String], in folder: String) throws -> String {
    let there = Set(files)
    if let name = names.first(where: there.contains) { return name }
    let candidates = files.filter { file in !file.hasPrefix(".") && endings.contains { file.hasSuffix("." + $0) } }
    if candidates.count == 1, !isShard(candidates[0]) { return candidates[0] }
    let shards = candidates.filter(isShard).sorted()
    guard shards.isEmpty else {
      throw MohawkError(
        .missingFile, "here are shards (\(listed(shards, atMost: 3))) but no index that says which tensor is in which",
        at: folder, remedy: "fetch \(shards[0].hasSuffix(".safetensors") ? names[1] : names[3]) into this folder")
    }
    guard candidates.isEmpty else {
      throw MohawkError(
        .invalidValue, "several files may be the weights: \(listed(candidates.sorted(), atMost: 10))", at: folder,
        remedy: "name the file instead of the folder")
    }
    throw MohawkError(
      .missingFile,
      "no weights are here: none of \(names.joined(separator: ", ")), and no single file ending in "
        + endings.map { "." + $0 }.joined(separator: ", "),
      at: folder, remedy: "check the path, or fetch the weights into this folder")
  }

  /// Whether a file's name says that it is one of several, such as `model-00002-of-00003.safetensors`.
  static func isShard(_ file: String) -> Bool {
    file.wholeMatch(of: /.+-[0-9]{5}-of-[0-9]{5}\.[a-z]+/) != nil && !file.contains("-00001-of-00001.")
  }

  /// Opens one file that is not an index, by its content.
  static func file(_ path: String) throws -> any WeightStore {
    switch try MappedFile(path).withBytes({ try FileKind($0, path: path) }) {
    case .safetensors: return try SafetensorsFile(path)
    case .torch: return try TorchFile(path)
    case .gguf: return try GGUFWeights(path)
    }
  }
}

/// What a file of weights is, told by its first bytes.
enum FileKind {
  case safetensors, torch, gguf

  /// - Throws: `MohawkError` that says what the file is instead, when that can be told.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    func starts(_ prefix: [UInt8]) -> Bool { bytes.count >= prefix.count && zip(bytes, prefix).allSatisfy(==) }
    func starts(_ prefix: String) -> Bool { starts(Array(prefix.utf8)) }
    func holds(_ word: String, at position: Int) -> Bool {
      position + word.utf8.count <= bytes.count && zip(bytes[position...], word.utf8).allSatisfy(==)
    }
    // The length of a header may look like the beginning of something else: a plausible header goes first.
    let length = (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1 < bytes.count ? bytes[$1] : 0) }
    if starts("GGUF") {
      self = .gguf
    } else if holds("{", at: 8), length <= UInt64(bytes.count - 8) {
      self = .safetensors
    } else if starts("PK\u{3}\u{4}") || starts("PK\u{5}\u{6}") {
      self = .torch
    } else if starts([0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9]) || holds("ustar", at: 257) {
      throw MohawkError(
        .unsupported, "this is a file of PyTorch before 1.6, which is not a zip archive", at: path,
        remedy: "convert it in Python: torch.save(torch.load(path, map_location=\"cpu\"), path)")
    } else if bytes.count > 1, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
      throw MohawkError(
        .unsupported, "this is a bare Python pickle, not an archive of torch.save", at: path,
        remedy: "save the state_dict with torch.save or safetensors")
    } else if starts("<") {
      throw MohawkError(
        .invalidFormat, "this is a web page, not weights", at: path, remedy: "fetch the file itself, not its page")
    } else if bytes.count > 8, bytes[8] != UInt8(ascii: "{") {
      throw MohawkError(
        .invalidFormat, "this is neither a safetensors file nor a PyTorch archive", at: path,
        remedy: "check that this is the file of the weights")
    } else {
      self = .safetensors  // whatever is wrong with it, its reader says it
    }
  }
}
