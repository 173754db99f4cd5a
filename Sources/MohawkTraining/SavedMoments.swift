import MohawkFiles
import MohawkTensor

/// The moments of a checkpoint, from one file or from one of each rank that wrote it, for any number of ranks to continue.
public struct SavedMoments {
  /// Numbers of a parameter's moments in a file.
  private struct Part {
    let file: Int
    let name: String
    let range: Range<Int>?  // nil: all
  }

  private let files: [SafetensorsFile]
  private let parts: [String: [Part]]

  /// - Parameter files: of all ranks that wrote them.
  public init(_ files: [SafetensorsFile]) {
    self.files = files
    var parts: [String: [Part]] = [:]
    for (number, file) in files.enumerated() {
      for name in file.names {
        let (base, range) = Self.parsed(name)
        parts[base, default: []].append(Part(file: number, name: name, range: range))
      }
    }
    self.parts = parts
  }

  /// What they are called, whether they are cut or not.
  public var names: [String] { parts.keys.sorted() }

  /// `w.first[100..<200]` is of `w.first`.
  private static func parsed(_ name: String) -> (base: String, range: Range<Int>?) {
    guard name.hasSuffix("]"), let bracket = name.lastIndex(of: "[") else { return (name, nil) }
    let bounds = name[name.index(after: bracket)...].dropLast().split(separator: "..<").compactMap { Int($0) }
    guard bounds.count == 2, bounds[0] >= 0, bounds[0] < bounds[1] else { return (name, nil) }
    return (String(name[..<bracket]), bounds[0]..<bounds[1])
  }

  /// Overwrites moments with the saved ones, bit by bit.
  /// - Parameters:
  ///   - moments: those of this rank.
  ///   - known: those of all ranks, whole.
  /// - Throws: one `MohawkError` when something is missing, left over, of another size or type, or not finite.
  func fill(_ moments: [Moments], known: [(name: String, shape: [Int], dtype: DType)]) throws {
    var faults = known.compactMap { fault(in: $0.name, $0.shape, $0.dtype) }
    let wanted = Set(known.map(\.name))
    faults += parts.keys.sorted().filter { !wanted.contains($0) }.map { "\($0) is not used" }
    guard faults.isEmpty else {
      let more = faults.count > 10 ? "; and \(faults.count - 10) more" : ""
      throw MohawkError(
        .mismatch, "the tensors do not fit: \(faults.prefix(10).joined(separator: "; "))\(more)", at: files[0].path,
        remedy: "resume with the recipe and the version that wrote the checkpoint")
    }
    try withoutGradients { for one in moments { try fill(one) } }
  }

  /// What is wrong with the parts of a parameter's moments.
  private func fault(in name: String, _ shape: [Int], _ dtype: DType) -> String? {
    guard let found = parts[name] else { return "\(name) is missing" }
    for part in found {
      let entry = files[part.file].entries[part.name]!
      if entry.dtype != dtype || (part.range == nil && entry.shape != shape) {
        return "\(part.name) is \(entry.dtype)\(entry.shape), not \(dtype)\(shape)"
      }
      if let range = part.range, entry.shape != [range.count] { return "\(part.name) has the shape \(entry.shape)" }
    }
    let ranges = found.map { self.range(of: $0) }.sorted { $0.lowerBound < $1.lowerBound }
    let ends = [0] + ranges.map(\.upperBound)
    guard zip(ranges, ends).allSatisfy({ $0.lowerBound == $1 }), ends.last == shape.reduce(1, *) else {
      return "the parts of \(name) are not all of its numbers once"
    }
    return nil
  }

  private func range(of part: Part) -> Range<Int> {
    part.range ?? 0..<files[part.file].entries[part.name]!.shape.reduce(1, *)
  }

  private func fill(_ one: Moments) throws {
    let target = one.tensor.reshaped(-1)
    for part in parts[one.base]! {
      let range = range(of: part)
      let common = range.clamped(to: one.range)
      if common.isEmpty { continue }
      let saved = try files[part.file].tensor(part.name, checkFinite: true).reshaped(-1)
      target.narrowed(0, from: common.lowerBound - one.range.lowerBound, length: common.count)
        .assign(saved.narrowed(0, from: common.lowerBound - range.lowerBound, length: common.count))
    }
  }
}
