import MohawkFiles
import MohawkTensor

/// The checked contents of an archive of `torch.save`: every tensor that can be read lies inside its record. The records
/// themselves are looked at when they are used, so that opening touches the archive's directory and its pickle only.
///
/// Source: a zip with the records `NAME/data.pkl` (a pickle of the object), `NAME/data/KEY` (the bytes of every storage)
/// and `NAME/byteorder`.
struct TorchArchive: Sendable {
  /// A tensor's place in the file.
  struct Entry: Sendable {
    /// Nil when there is no type to compute with, or no ordinary elements.
    let dtype: DType?
    /// Why it cannot be read, when it cannot.
    let refusal: String?
    let sizes: [Int]
    /// In elements.
    let strides: [Int]
    /// The record with its values; nil when it has none.
    let record: ZipDirectory.Record?
    /// From the first element to the last one, in bytes of the record.
    let bytes: Range<Int>

    var count: Int { sizes.reduce(1, *) }
    /// Whether the elements lie in row-major order without gaps.
    var isContiguous: Bool {
      var wanted = 1
      for (size, stride) in zip(sizes, strides).reversed() where size != 1 {
        if stride != wanted { return sizes.contains(0) }
        wanted *= size
      }
      return true
    }
  }

  /// Names in the order of the dictionary.
  private(set) var names: [String] = []
  private(set) var entries: [String: Entry] = [:]

  /// Reads and checks an archive that holds `bytes`.
  /// - Throws: `MohawkError` that names the file and what is wrong.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    let zip = try ZipDirectory(bytes, path: path)
    let pickles = zip.records.keys.filter { $0.hasSuffix("/data.pkl") && $0.utf8.count(where: { $0 == 0x2F }) == 1 }
    guard pickles.count == 1 else {
      throw MohawkError(
        .invalidFormat, "this zip archive is not one of torch.save: it has \(pickles.count) records …/data.pkl",
        at: path,
        remedy: "check that this is the file of the weights")
    }
    let prefix = String(pickles[0].dropLast("data.pkl".count))
    if zip.records[prefix + "constants.pkl"] != nil {
      throw MohawkError(
        .unsupported, "this is a TorchScript program, not a state_dict", at: path,
        remedy: "save its state_dict() with torch.save")
    }
    if let order = try zip.records[prefix + "byteorder"]?.place(in: bytes, path: path),
      !bytes[order].elementsEqual("little".utf8)
    {
      throw MohawkError(
        .unsupported, "the numbers are not in little-endian order", at: path,
        remedy: "write the file again on a little-endian machine")
    }
    let pickle = UnsafeRawBufferPointer(rebasing: bytes[try zip.records[pickles[0]]!.place(in: bytes, path: path)])
    try read(pickle, zip, prefix: prefix, fileSize: bytes.count, path: path)
  }

  private mutating func read(
    _ pickle: UnsafeRawBufferPointer, _ zip: ZipDirectory, prefix: String, fileSize: Int, path: String
  ) throws {
    var machine = Unpickler(pickle, fileSize: fileSize)
    let tensors: [(name: String, tensor: PickledTensor)]
    do {
      tensors = try StateDictionary.tensors(of: machine.run(), in: machine)
    } catch let fault as StateDictionary.Fault {
      throw MohawkError(.invalidFormat, fault.reason, at: path, remedy: fault.remedy)
    } catch let fault as PickleFault {
      if let name = fault.asksFor {
        throw MohawkError(
          .unsupported, "the file asks for \(quoted(name)), which weights do not need and which is not run", at: path,
          remedy: "do not open it in Python if you do not trust it; else save the model's state_dict() alone")
      }
      throw MohawkError(
        .invalidFormat, "data.pkl is damaged at byte \(fault.position): \(fault.reason)", at: path,
        remedy: "fetch or write the file again")
    }
    for (name, tensor) in tensors {
      do {
        entries[name] = try Self.entry(tensor, machine, zip, prefix: prefix, fileSize: fileSize)
        names.append(name)
      } catch {
        throw MohawkError(
          .invalidFormat, "tensor \(quoted(name)) \(error.reason)", at: path, remedy: "fetch or write the file again")
      }
    }
  }

  private struct Fault: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  private static func entry(
    _ tensor: PickledTensor, _ machine: Unpickler, _ zip: ZipDirectory, prefix: String, fileSize: Int
  ) throws(Fault) -> Entry {
    guard let dtype = tensor.element.dtype, let number = tensor.storage else {
      let reason =
        tensor.unreadable?.reason ?? "has the element type \(tensor.element.rawValue), which cannot be computed with"
      return Entry(dtype: nil, refusal: reason, sizes: tensor.sizes, strides: tensor.strides, record: nil, bytes: 0..<0)
    }
    let storage = machine.storages[Int(number)]
    guard let key = machine.string(storage.key), let record = zip.records[prefix + "data/" + key] else {
      throw Fault("has no record of its values in the archive")
    }
    let (stored, overflow) = storage.count.multipliedReportingOverflow(by: storage.element.dtype?.size ?? 0)
    guard !overflow, stored <= record.size else {
      throw Fault("has a storage of \(storage.count) elements in a record of \(record.size) bytes")
    }

    // The product without its zeros: libtorch computes strides from it even when the tensor is empty.
    var total = dtype.size
    var last = tensor.offset
    var fits = true
    for (size, stride) in Swift.zip(tensor.sizes, tensor.strides) {
      let (product, first) = total.multipliedReportingOverflow(by: max(size, 1))
      let (step, second) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
      let (sum, third) = last.addingReportingOverflow(step)
      if first || second || third { fits = false }
      (total, last) = (product, sum)
    }
    guard fits else { throw Fault("has the shape \(tensor.sizes), which is too large") }
    guard !tensor.sizes.contains(0) else {
      return Entry(dtype: dtype, refusal: nil, sizes: tensor.sizes, strides: tensor.strides, record: nil, bytes: 0..<0)
    }
    guard last < stored / dtype.size else {
      throw Fault("reaches to element \(last) of a storage of \(stored / dtype.size)")
    }
    // Strides of 0 repeat values. What a few bytes stand for must not fill the memory.
    guard total <= fileSize + 65_536 else {
      throw Fault("repeats its values to \(total) bytes, more than the file has")
    }
    return Entry(
      dtype: dtype, refusal: nil, sizes: tensor.sizes, strides: tensor.strides, record: record,
      bytes: tensor.offset * dtype.size..<(last + 1) * dtype.size)
  }
}

extension TorchArchive {
  /// A tensor over the bytes of the file, which `owner` owns, or over a copy where they are not aligned or not in order.
  func tensor(_ name: String, in file: UnsafeRawBufferPointer, owner: AnyObject, path: String) throws -> Tensor {
    guard let entry = entries[name] else {
      throw MohawkError(
        .mismatch, "there is no tensor \(quoted(name))", at: path, remedy: "check that this file fits the model")
    }
    guard let dtype = entry.dtype else {
      throw MohawkError(
        .unsupported, "tensor \(quoted(name)) \(entry.refusal ?? "cannot be read")", at: path,
        remedy: "convert it to an ordinary tensor of float32, bfloat16 or float16 and save it again")
    }
    let start = try entry.record?.place(in: file, path: path).lowerBound ?? 0
    let bytes = UnsafeRawBufferPointer(rebasing: file[start + entry.bytes.lowerBound..<start + entry.bytes.upperBound])
    if dtype == .bool, let other = bytes.first(where: { $0 > 1 }) {
      throw MohawkError(
        .invalidFormat, "tensor \(quoted(name)) of type bool holds a byte \(other)", at: path,
        remedy: "fetch or write the file again")
    }
    if entry.isContiguous || entry.count == 0 {
      return Tensor.borrowingIfAligned(bytes, shape: entry.sizes, dtype: dtype, owner: owner)
    }
    let copy = RowMajorCopy(bytes, sizes: entry.sizes, strides: entry.strides, elementSize: dtype.size)
    return Tensor.borrowing(copy.bytes, shape: entry.sizes, dtype: dtype, owner: copy)
  }
}
