import Foundation
import MohawkFiles

/// What a path that a user gives for a model means.
public enum ModelPath {
  /// The model's folder or file: the path itself, or the one snapshot in a model's folder `models--owner--name` of Hugging
  /// Face's cache.
  /// - Throws: `MohawkError` that lists the snapshots or models of a cache when there are several, and that says how to
  ///   download a model whose name on the hub was given.
  public static func resolved(_ path: String) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      let address = /(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)(?:\/.*)?/
      let name = path.wholeMatch(of: address).map { String($0.1) } ?? path
      guard name.wholeMatch(of: /[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*/) != nil, !name.hasSuffix(".gguf") else {
        return path
      }
      throw MohawkError(
        .missingFile, "no such file or folder, and nothing is downloaded here", at: path,
        remedy: "if this is a model on Hugging Face's hub, `hf download \(name)` downloads it and prints its folder")
    }
    guard isFolder.boolValue, !FileManager.default.fileExists(atPath: path + "/config.json") else { return path }
    if let snapshots = folders(in: path + "/snapshots") { return try only(snapshots, "snapshots", path) }
    guard let models = folders(in: path)?.filter({ $0.lastComponent.hasPrefix("models--") }), !models.isEmpty else {
      return path
    }
    return try resolved(try only(models, "models", path))
  }

  private static func only(_ folders: [String], _ what: String, _ path: String) throws -> String {
    guard folders.count != 1 else { return folders[0] }
    throw MohawkError(
      folders.isEmpty ? .missingFile : .invalidValue,
      folders.isEmpty
        ? "this folder of Hugging Face's cache holds no \(what)"
        : "this folder of Hugging Face's cache holds \(folders.count) \(what): "
          + folders.prefix(10).map(\.lastComponent).joined(separator: ", "), at: path,
      remedy: folders.isEmpty ? "download the model again" : "name one of them, such as \(folders[0])")
  }

  /// The paths of the folders in a folder, by name; nil when there is no such folder.
  private static func folders(in path: String) -> [String]? {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return nil }
    return names.sorted().map { path + "/" + $0 }.filter {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && isFolder.boolValue
    }
  }
}

extension String {
  fileprivate var lastComponent: String { URL(fileURLWithPath: self).lastPathComponent }
}
