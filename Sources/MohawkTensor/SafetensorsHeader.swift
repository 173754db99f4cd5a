import MohawkFiles

/// The checked header of a safetensors file: every entry has a type of the format and exactly the bytes that its shape
/// needs, and the entries fill the file without gap or overlap.
///
/// Format: eight bytes with the header's length (little endian), the header as JSON, then the tensors' bytes.
struct SafetensorsHeader: Sendable {
  /// Names in the order of their bytes.
  private(set) var names: [String] = []
  private(set) var entries: [String: SafetensorsEntry] = [:]
  /// The types of the tensors that are there but cannot be read.
  private(set) var foreign: [String: SafetensorsForeignType] = [:]
  private(set) var metadata: [String: String] = [:]

  static let longest = 100_000_000
  /// libtorch's own limit for most operations.
  static let mostDimensions = 64

  /// Reads and checks the header of a file that holds `bytes`.
  /// - Throws: `MohawkError` that names the file and the tensor.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    guard bytes.count >= 8 else {
      throw MohawkError(
        .truncatedFile, "\(bytes.count) bytes are too few for a safetensors file", at: path,
        remedy: "fetch or write the file again")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(Self.longest) else {
      throw MohawkError(
        .invalidFormat, "the header claims \(length) bytes, more than the \(Self.longest) that are allowed", at: path,
        remedy: "check that this is a safetensors file")
    }
    let start = 8 + Int(length)
    guard start <= bytes.count else {
      throw MohawkError(
        .truncatedFile, "the header claims \(length) bytes but the file has only \(bytes.count)", at: path,
        remedy: "fetch or write the file again")
    }
    var places: [String: Range<Int>] = [:]
    do {
      try read(UnsafeRawBufferPointer(rebasing: bytes[8..<start]), start: start, &places)
    } catch let fault as SafetensorsJSON.Fault {
      throw MohawkError(
        .invalidFormat, "the header is damaged at byte \(8 + fault.position): \(fault.reason)", at: path,
        remedy: "fetch or write the file again")
    } catch let problem as EntryProblem {
      throw MohawkError(
        .invalidFormat, "tensor \(quoted(problem.name)) \(problem.reason)", at: path,
        remedy: "fetch or write the file again")
    }
    try checkLayout(places, start: start, end: bytes.count, path: path)
  }

  private struct EntryProblem: Error {
    let name: String
    let reason: String
  }

  private mutating func read(
    _ header: UnsafeRawBufferPointer, start: Int, _ places: inout [String: Range<Int>]
  ) throws {
    var json = SafetensorsJSON(header)
    guard header.first == UInt8(ascii: "{"), json.take("{") else { throw json.fault("it is not a JSON object") }
    var hasMetadata = false
    if !json.take("}") {
      repeat {
        let name = try json.string("the list of tensors")
        try json.expect(":", "the list of tensors")
        if name == "__metadata__" {
          if hasMetadata { throw json.fault("__metadata__ occurs twice") }
          hasMetadata = true
          metadata = try Self.metadata(&json)
        } else {
          let place = try entry(name, &json, start: start)
          guard places.updateValue(place, forKey: name) == nil else {
            throw EntryProblem(name: name, reason: "occurs twice")
          }
          names.append(name)
        }
      } while json.take(",")
      try json.expect("}", "the list of tensors")
    }
    try json.expectEnd()
  }

  private static func metadata(_ json: inout SafetensorsJSON) throws -> [String: String] {
    var result: [String: String] = [:]
    try json.expect("{", "__metadata__")
    if json.take("}") { return result }
    repeat {
      let key = try json.string("__metadata__")
      try json.expect(":", "__metadata__")
      let value = try json.string("__metadata__")
      guard result.updateValue(value, forKey: key) == nil else {
        throw json.fault("__metadata__ has the key \(quoted(key)) twice")
      }
    } while json.take(",")
    try json.expect("}", "__metadata__")
    return result
  }

  /// Keeps a tensor's type and shape, and tells where its bytes lie.
  private mutating func entry(_ name: String, _ json: inout SafetensorsJSON, start: Int) throws -> Range<Int> {
    let place = "tensor \(quoted(name))"
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    try json.expect("{", place)
    repeat {
      let key = try json.string(place)
      try json.expect(":", place)
      switch key {
      case "dtype" where dtype == nil: dtype = try json.string(place)
      case "shape" where shape == nil: shape = try json.naturals("the shape of \(place)", atMost: Self.mostDimensions)
      case "data_offsets" where offsets == nil: offsets = try json.naturals("the offsets of \(place)", atMost: 2)
      case "dtype", "shape", "data_offsets": throw EntryProblem(name: name, reason: "has \(key) twice")
      default: throw EntryProblem(name: name, reason: "has an unknown key \(quoted(key))")
      }
    } while json.take(",")
    try json.expect("}", place)

    guard let dtype, let shape, let offsets, offsets.count == 2 else {
      throw EntryProblem(name: name, reason: "needs dtype, shape and two data_offsets")
    }
    let type = DType(safetensorsName: dtype)
    let other = type == nil ? SafetensorsForeignType(rawValue: dtype) : nil
    guard let bits = type.map({ 8 * $0.size }) ?? other?.bits else {
      throw EntryProblem(
        name: name, reason: "has the element type \(quoted(dtype)), which the format does not know")
    }
    // The product without its zeros: libtorch computes strides from it even when the tensor is empty.
    var product = bits
    for length in shape {
      let (longer, overflow) = product.multipliedReportingOverflow(by: Swift.max(length, 1))
      guard !overflow else { throw EntryProblem(name: name, reason: "has the shape \(shape), which is too large") }
      product = longer
    }
    if shape.contains(0) { product = 0 }
    guard product % 8 == 0 else {
      throw EntryProblem(name: name, reason: "of type \(dtype) and shape \(shape) does not fill whole bytes")
    }
    let size = product / 8
    let (from, to) = (offsets[0], offsets[1])
    guard from <= to else { throw EntryProblem(name: name, reason: "ends at \(to), before its start at \(from)") }
    guard to - from == size else {
      throw EntryProblem(
        name: name, reason: "of type \(dtype) and shape \(shape) needs \(size) bytes but has \(to - from)")
    }
    let (end, overflow) = to.addingReportingOverflow(start)
    guard !overflow else { throw EntryProblem(name: name, reason: "lies outside the file") }
    if let type {
      entries[name] = SafetensorsEntry(dtype: type, shape: shape, bytes: end - size..<end)
    } else {
      foreign[name] = other
    }
    return end - size..<end
  }

  /// Sorts the names by place and checks that the entries fill `start..<end` one after another.
  private mutating func checkLayout(
    _ places: [String: Range<Int>], start: Int, end: Int, path: String
  ) throws {
    names.sort { first, second in
      let (one, two) = (places[first]!, places[second]!)
      return (one.lowerBound, one.upperBound, first) < (two.lowerBound, two.upperBound, second)
    }
    var filled = start
    for name in names {
      let place = places[name]!
      if place.upperBound > end {
        throw MohawkError(
          .truncatedFile,
          "tensor \(quoted(name)) ends at byte \(place.upperBound) but the file has only \(end)", at: path,
          remedy: "fetch or write the file again")
      }
      guard place.lowerBound == filled else {
        let fault = place.lowerBound < filled ? "overlaps the tensor before it" : "leaves a gap before it"
        throw MohawkError(
          .invalidFormat, "tensor \(quoted(name)) \(fault)", at: path, remedy: "fetch or write the file again")
      }
      filled = place.upperBound
    }
    guard filled == end else {
      throw MohawkError(
        .invalidFormat, "\(end - filled) bytes follow the last tensor", at: path,
        remedy: "fetch or write the file again")
    }
  }
}
