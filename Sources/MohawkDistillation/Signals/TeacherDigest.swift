import Foundation
import MohawkFiles
import MohawkModels
import MohawkTensor

/// A hash of all that decides what a teacher says: its weights, whatever files they came from, and its `config.json`.
public enum TeacherDigest {
  /// - Parameters:
  ///   - teacher: as it was opened, before its matrices are settled in the type that it computes in.
  ///   - folder: where it was opened.
  /// - Returns: sixteen hexadecimal digits.
  public static func of(_ teacher: Decoder, at folder: String) throws -> String {
    // A GGUF file says in its metadata what its weights mean; the geometry is what was read from it.
    let configuration = folder + "/config.json"
    let isFolder = FileManager.default.fileExists(atPath: configuration)
    var lines = [isFolder ? try FileDigest(of: configuration).xxh64 : "\(teacher.configuration)"]
    for parameter in teacher.parameters.all.sorted(by: { $0.name < $1.name }) {
      let value = withoutGradients { parameter.value.detached().to(.float32, on: .cpu).contiguous() }
      lines.append("\(parameter.name) \(value.shape) \(value.withBytes { xxHash64($0) })")
    }
    return Data(lines.joined(separator: "\n").utf8).withUnsafeBytes { FileDigest.hexadecimal(xxHash64($0)) }
  }
}
