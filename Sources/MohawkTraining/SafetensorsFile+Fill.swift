import MohawkFiles
import MohawkTensor

extension SafetensorsFile {
  /// Overwrites `targets` with the tensors of the same names, bit by bit.
  /// - Throws: one `MohawkError` when names, shapes or types do not match on either side, or a value is not finite.
  func fill(_ targets: [(name: String, tensor: Tensor)]) throws {
    var faults: [String] = []
    for (name, tensor) in targets {
      guard let entry = entries[name] else {
        faults.append("\(name) is missing")
        continue
      }
      if entry.shape != tensor.shape || entry.dtype != tensor.dtype {
        faults.append("\(name) is \(entry.dtype)\(entry.shape), not \(tensor.dtype)\(tensor.shape)")
      }
    }
    let wanted = Set(targets.map(\.name))
    faults += names.filter { !wanted.contains($0) }.map { "\($0) is not used" }
    guard faults.isEmpty else {
      let more = faults.count > 10 ? "; and \(faults.count - 10) more" : ""
      throw MohawkError(
        .mismatch, "the tensors do not fit: \(faults.prefix(10).joined(separator: "; "))\(more)", at: path,
        remedy: "resume with the recipe and the version that wrote the checkpoint")
    }
    try withoutGradients {
      for (name, tensor) in targets { tensor.assign(try self.tensor(name, checkFinite: true)) }
    }
  }
}
