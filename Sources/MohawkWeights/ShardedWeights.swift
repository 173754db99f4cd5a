import Foundation
import MohawkFiles
import MohawkTensor

/// A checkpoint in several files and the index that names them.
///
/// As for transformers, the index says which files there are, and each file which tensors: a tensor that the index has in
/// another shard, or does not name, is there all the same. A tensor of which two shards hold different numbers is refused.
public final class ShardedWeights: WeightStore {
  /// The path of the index.
  public let path: String
  /// Every tensor's name: shard by shard in the order of the shards' names.
  public let names: [String]
  private let shards: [any WeightStore]
  private let places: [String: Int]

  /// Reads the index and maps every shard, which lie in the folder of the index. What the index says of tensors that are
  /// elsewhere or nowhere is told by `Notice`.
  /// - Throws: `MohawkError` when the index is damaged or names files outside its folder, when shards are missing (all of
  ///   them are listed), or a shard is damaged.
  public init(_ path: String) throws {
    self.path = path
    let index = try MappedFile(path).withBytes { try ShardIndex($0, path: path) }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let files = index.shards
    let missing = files.filter { !FileManager.default.fileExists(atPath: folder + "/" + $0) }
    guard missing.isEmpty else {
      throw MohawkError(
        .missingFile, "\(missing.count) of \(files.count) shards are missing: \(listed(missing))", at: path,
        remedy: "fetch them into the folder of the index, or remove the index if another file holds all weights")
    }
    let shards = try files.map { try Weights.file(folder + "/" + $0) }
    self.shards = shards
    (names, places) = try Self.places(index, files: files, contents: shards.map(\.names), path: path) {
      name, one, other in
      try shards[one].holdsTheSame(shards[other], under: name)
    }
  }

  /// The names in order, and the number of the shard that each is in.
  static func places(
    _ index: ShardIndex, files: [String], contents: [[String]], path: String,
    areEqual: (_ name: String, _ shard: Int, _ other: Int) throws -> Bool
  ) throws -> ([String], [String: Int]) {
    var names: [String] = []
    var places: [String: Int] = [:]
    for (number, file) in files.enumerated() {
      for name in contents[number] {
        guard let other = places[name] else {
          names.append(name)
          places[name] = number
          continue
        }
        guard try areEqual(name, other, number) else {
          throw MohawkError(
            .invalidFormat, "tensor \(quoted(name)) is in \(files[other]) and, with other numbers, in \(file)",
            at: path, remedy: "fetch the shards and their index again, all of one version")
        }
      }
    }
    tell(index, files: files, places: places, path: path)
    return (names, places)
  }

  /// Tells in which tensors the index is wrong.
  private static func tell(_ index: ShardIndex, files: [String], places: [String: Int], path: String) {
    let lacking = index.files.keys.filter { places[$0] == nil }.sorted()
    if !lacking.isEmpty {
      Notice.report(
        "\(lacking.count) tensors are in none of the shards that the index names: \(listed(lacking, atMost: 5))",
        at: path)
    }
    let elsewhere = index.files.filter { name, file in places[name].map { files[$0] != file } ?? false }.keys.sorted()
    if let first = elsewhere.first {
      Notice.report(
        "\(elsewhere.count) tensors are in another shard than the index says and are read from there: "
          + "\(listed(elsewhere, atMost: 5)) (the first from \(files[places[first]!]))", at: path)
    }
  }

  public func shape(of name: String) -> WeightShape? { places[name].flatMap { shards[$0].shape(of: name) } }

  public func tensor(_ name: String) throws -> Tensor {
    guard let shard = places[name] else {
      throw MohawkError(
        .mismatch, "there is no tensor \(quoted(name))", at: path, remedy: "check that these files fit the model")
    }
    return try shards[shard].tensor(name)
  }
}

/// Names from outside in one sentence, all of them unless they are very many.
func listed(_ names: [String], atMost limit: Int = 100) -> String {
  let shown = names.prefix(limit).map(quoted).joined(separator: ", ")
  return names.count > limit ? shown + " and \(names.count - limit) more" : shown
}
