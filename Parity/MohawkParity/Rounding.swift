import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkTensor

/// The weights of a model rounded as a GGUF file of one type holds them: matrices in the type, or in F16 where their
/// rows are no whole blocks; everything else as it is.
enum Rounding {
  static func apply(_ name: String, to model: Decoder) throws {
    guard let type = GGUFType(name: name.uppercased()), type.isWritable else {
      throw MohawkError(.invalidValue, "the type '\(name)' is not known")
    }
    let matrices = model.parameters.all.filter { isRounded($0.name) && $0.value.rank == 2 }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-\(UUID().uuidString).gguf").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var writer = GGUFWriter()
    for (index, parameter) in matrices.enumerated() {
      let shape = parameter.value.shape
      let fits = shape[1].isMultiple(of: type.blockSize)
      writer.add(
        GGUFTensor("\(index)", shape: shape, type: fits ? type : .f16) { parameter.value.detached().floats() })
    }
    try writer.write(to: path)
    let file = try GGUFFile(path)
    try withoutGradients {
      for (index, parameter) in matrices.enumerated() {
        let rounded = try file.floats(of: file.tensor("\(index)")!)
        parameter.value.assign(Tensor(rounded, shape: parameter.value.shape))
      }
    }
  }

  private static func isRounded(_ name: String) -> Bool {
    name.hasSuffix(".weight") && !name.hasPrefix("positions") || name.contains(".in_proj.")
  }
}
