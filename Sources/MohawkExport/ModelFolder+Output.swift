import Foundation
import MohawkFiles
import MohawkText

extension ModelFolder {
  /// Makes sure that writing a model to a folder destroys nothing but an earlier model there: the folder is not there, or
  /// empty, or holds `config.json` and other files and no folder but that of named chat templates. So a folder of other things, a run's, one that holds
  /// the input, and the input itself under whatever name, stay as they are.
  /// - Throws: `MohawkError` saying what stands in the way.
  package static func requireReplaceable(_ output: String, apartFrom input: String) throws {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: output, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else {
      throw MohawkError(
        .notWritable, "a file stands where a folder is to be written", at: output,
        remedy: "choose another name or remove it")
    }
    func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    guard resolved(output) != resolved(input) else {
      throw MohawkError(.invalidValue, "input and output are the same folder", at: output, remedy: "name another one")
    }
    guard let names = try? files.contentsOfDirectory(atPath: output) else {
      throw MohawkError(
        .notReadable, "what is in this folder cannot be seen", at: output, remedy: "choose another name")
    }
    let folders = names.sorted().filter { name in
      var isInner: ObjCBool = false
      return files.fileExists(atPath: output + "/" + name, isDirectory: &isInner) && isInner.boolValue
        && name != ChatTemplate.additionalFolder
    }
    let holdsModel = names.contains("config.json")
    guard names.isEmpty || (holdsModel && folders.isEmpty) else {
      throw MohawkError(
        .alreadyInUse,
        holdsModel
          ? "beside a model this folder holds the folder \(folders[0]), which would be lost with it"
          : "this folder holds no model, and what it holds would be lost", at: output,
        remedy: "name a folder that is not there yet")
    }
  }
}
