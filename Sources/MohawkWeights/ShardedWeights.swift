import Foundation
import MohawkFiles
import MohawkTensor

/// A checkpoint in several files and the index that says which tensor is in which.
///
/// A tensor that a shard holds and the index does not name is there too, as it is for transformers, unless two shards hold
/// one of that name.
public final class ShardedWeights: WeightStore {
  /// The path of the index.
  public let path: String
  /// Every tensor's name: shard by shard in the order of the shards' names.
  public let names: [String]
  private let shards: [any WeightStore]
  private let places: [String: Int]

  /// Reads the index and maps every shard, which lie in the folder of the index.
  /// - Throws: `MohawkError` when the index is damaged or names files outside its folder, when shards are missing (all of
  ///   them are listed), a shard is damaged, or a shard lacks a tensor that the index says is in it.
  public init(_ path: String) throws {
    self.path = path
    let index = try MappedFile(path).withBytes { try ShardIndex($0, path: path) }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let files = index.shards
    let missing = files.filter { !FileManager.default.fileExists(atPath: folder + "/" + $0) }
    guard missing.isEmpty else {
      throw MohawkError(
        .missingFile, "\(missing.count) of \(files.count) shards are missing: \(listed(missing))", at: path,
        remedy: "fetch them into the folder of the index")
    }
    shards = try files.map { try Weights.file(folder + "/" + $0) }
    (names, places) = try Self.places(index, files: files, contents: shards.map(\.names), path: path)
  }

  /// The names in order, and the number of the shard that each is in.
  static func places(
    _ index: ShardIndex, files: [String], contents: [[String]], path: String
  ) throws -> ([String], [String: Int]) {
    var names: [String] = []
    var places: [String: Int] = [:]
    for (number, file) in files.enumerated() {
      for name in contents[number] {
        if let stated = index.files[name] {
          guard stated == file else { continue }
        } else if let other = places[name] {
          throw MohawkError(
            .invalidFormat,
            "tensor \(quoted(name)) is in \(files[other]) and in \(file), and the index does not say which to use",
            at: path, remedy: "fetch or write the index again")
        }
        names.append(name)
        places[name] = number
      }
    }
    let lacking = index.files.keys.filter { places[$0] == nil }.sorted()
    guard lacking.isEmpty else {
      let example = lacking[0]
      throw MohawkError(
        .mismatch,
        "\(lacking.count) tensors are not in the shards that the index names: \(listed(lacking)) (the first should be "
          + "in \(quoted(index.files[example]!)))",
        at: path, remedy: "fetch the shards and their index again, all of one version")
    }
    return (names, places)
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
