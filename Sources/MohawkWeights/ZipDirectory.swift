import MohawkFiles
import MohawkTensor

/// The records of a zip archive that is stored without compression, as `torch.save` writes it.
///
/// Source: PKWARE's APPNOTE 6.3.10, with ZIP64. Nothing is unpacked: a record is a range of the file. No two records may
/// share bytes, so that no archive can stand for more than its own size. Only the directory at the file's end is read; a
/// record's own header is checked when the record is used.
struct ZipDirectory: Sendable {
  /// A record as the directory tells it.
  struct Record: Sendable {
    /// The bytes it holds.
    let size: Int
    /// Where its own header begins.
    fileprivate let header: Int
    /// Where its name stands in the directory.
    fileprivate let name: Range<Int>
    /// Where the next record, or the directory, begins.
    fileprivate(set) var end: Int
  }

  /// Every record by its name.
  private(set) var records: [String: Record] = [:]

  /// Reads and checks the directory of an archive that holds `bytes`.
  /// - Throws: `MohawkError` when the archive is damaged, compressed, encrypted or split.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    do {
      try read(LittleEndianBytes(bytes))
    } catch {
      throw MohawkError(error.code, error.reason, at: path, remedy: error.remedy)
    }
  }

  private struct Fault: Error {
    let reason: String
    var code = MohawkError.Code.invalidFormat
    var remedy = "fetch or write the file again"
    init(_ reason: String) { self.reason = reason }
    static func unsupported(_ reason: String) -> Fault {
      var fault = Fault(reason)
      fault.code = .unsupported
      fault.remedy = "write it again with torch.save, which stores the records as they are"
      return fault
    }
  }

  private mutating func read(_ bytes: LittleEndianBytes) throws(Fault) {
    let (directory, count) = try Self.directory(bytes)
    // An entry takes at least 46 bytes: a count that cannot be true is refused before anything is reserved for it.
    guard count <= directory.count / 46 else {
      throw Fault("the archive claims \(count) records in a directory of \(directory.count) bytes")
    }
    var position = directory.lowerBound
    var order: [(header: Int, name: String)] = []
    for _ in 0..<count {
      let record = try Self.record(bytes, &position, directory)
      guard let name = bytes.text(record.name) else { throw Fault("a record's name is not UTF-8") }
      guard records.updateValue(record, forKey: name) == nil else {
        throw Fault("the archive has two records \(quoted(name))")
      }
      order.append((record.header, name))
    }
    guard position == directory.upperBound else { throw Fault("the archive's directory is longer than its records") }
    order.sort { $0.header < $1.header }
    for (index, place) in order.enumerated() {
      let end = index + 1 < order.count ? order[index + 1].header : directory.lowerBound
      let record = records[place.name]!
      guard record.size <= end - record.header - 30 - record.name.count else {
        throw Fault("record \(quoted(place.name)) of the archive reaches into what follows it")
      }
      records[place.name]!.end = end
    }
  }

  /// Where the central directory lies and how many entries it has.
  private static func directory(_ bytes: LittleEndianBytes) throws(Fault) -> (Range<Int>, Int) {
    guard var end = endRecord(bytes) else {
      throw Fault("the archive has no directory at its end: the file is cut short or damaged")
    }
    guard bytes.u16(end + 4) == bytes.u16(end + 6) else {
      throw .unsupported("the archive is split over several files")
    }
    var count = UInt64(bytes.u16(end + 10)!)
    var size = UInt64(bytes.u32(end + 12)!)
    var start = UInt64(bytes.u32(end + 16)!)
    if end >= 20, bytes.u32(end - 20) == 0x0706_4B50 {
      guard let place = Int(exactly: bytes.u64(end - 12)!), place <= end - 20 - 56, bytes.u32(place) == 0x0606_4B50
      else {
        throw Fault("the archive's ZIP64 end record is not where it should be")
      }
      count = bytes.u64(place + 32)!
      size = bytes.u64(place + 40)!
      start = bytes.u64(place + 48)!
      end = place
    }
    guard let first = Int(exactly: start), let length = Int(exactly: size), let entries = Int(exactly: count),
      first <= end, length == end - first
    else { throw Fault("the archive's directory is not where its end record says") }
    return (first..<end, entries)
  }

  /// The last end record whose comment reaches the file's end.
  private static func endRecord(_ bytes: LittleEndianBytes) -> Int? {
    var place = bytes.count - 22
    while place >= 0, place >= bytes.count - 22 - 0xFFFF {
      if bytes.u32(place) == 0x0605_4B50, place + 22 + Int(bytes.u16(place + 20)!) == bytes.count { return place }
      place -= 1
    }
    return nil
  }

  private static func record(
    _ bytes: LittleEndianBytes, _ position: inout Int, _ directory: Range<Int>
  ) throws(Fault) -> Record {
    let start = position
    let end = directory.upperBound
    guard start + 46 <= end, bytes.u32(start) == 0x0201_4B50 else {
      throw Fault("the archive's directory is damaged at byte \(start)")
    }
    let nameEnd = start + 46 + Int(bytes.u16(start + 28)!)
    let extraEnd = nameEnd + Int(bytes.u16(start + 30)!)
    position = extraEnd + Int(bytes.u16(start + 32)!)
    guard position <= end else { throw Fault("the archive's directory is damaged at byte \(start)") }
    let shown = quoted(bytes.text(start + 46..<nameEnd) ?? "?")
    guard bytes.u16(start + 8)! & 1 == 0 else { throw .unsupported("record \(shown) of the archive is encrypted") }
    guard bytes.u16(start + 10)! == 0 else { throw .unsupported("record \(shown) of the archive is compressed") }

    // 32 bits of ones stand for a number in the ZIP64 field, where only these are listed, in this order.
    var numbers = [bytes.u32(start + 24)!, bytes.u32(start + 20)!, bytes.u32(start + 42)!].map(UInt64.init)
    if numbers.contains(0xFFFF_FFFF) {
      guard var field = bytes.extraField(1, in: nameEnd..<extraEnd) else {
        throw Fault("record \(shown) of the archive lacks its ZIP64 sizes")
      }
      for index in numbers.indices where numbers[index] == 0xFFFF_FFFF {
        guard field.count >= 8 else { throw Fault("record \(shown) of the archive lacks its ZIP64 sizes") }
        numbers[index] = bytes.u64(field.lowerBound)!
        field = field.lowerBound + 8..<field.upperBound
      }
    }
    guard numbers[0] == numbers[1] else {
      throw Fault("record \(shown) of the archive is stored, but in \(numbers[1]) bytes instead of \(numbers[0])")
    }
    guard let size = Int(exactly: numbers[0]), let header = Int(exactly: numbers[2]), header < directory.lowerBound
    else {
      throw Fault("record \(shown) of the archive lies outside the file")
    }
    return Record(size: size, header: header, name: start + 46..<nameEnd, end: directory.lowerBound)
  }
}

extension ZipDirectory.Record {
  /// Where the record's bytes lie, after its own header.
  /// - Parameter file: the bytes that the directory was read from.
  /// - Throws: `MohawkError` when the header is not where the directory says.
  func place(in file: UnsafeRawBufferPointer, path: String) throws -> Range<Int> {
    let bytes = LittleEndianBytes(file)
    let shown = quoted(bytes.text(name) ?? "?")
    guard header <= end - 30, bytes.u32(header) == 0x0403_4B50,
      bytes.equal(header + 30..<header + 30 + Int(bytes.u16(header + 26)!), name)
    else {
      throw MohawkError(
        .invalidFormat, "record \(shown) of the archive is not where the directory says", at: path,
        remedy: "fetch or write the file again")
    }
    let start = header + 30 + name.count + Int(bytes.u16(header + 28)!)
    guard start <= end, size <= end - start else {
      throw MohawkError(
        .invalidFormat, "record \(shown) of the archive reaches into what follows it", at: path,
        remedy: "fetch or write the file again")
    }
    return start..<start + size
  }
}

/// Numbers of the little-endian format zip, read only inside the bytes.
struct LittleEndianBytes {
  private let bytes: UnsafeRawBufferPointer
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }

  private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ place: Int, _ type: Number.Type) -> Number? {
    guard place >= 0, place <= bytes.count - MemoryLayout<Number>.size else { return nil }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: type))
  }
  func u16(_ place: Int) -> UInt16? { load(place, UInt16.self) }
  func u32(_ place: Int) -> UInt32? { load(place, UInt32.self) }
  func u64(_ place: Int) -> UInt64? { load(place, UInt64.self) }

  func text(_ range: Range<Int>) -> String? { String(validating: bytes[range], as: UTF8.self) }

  func equal(_ first: Range<Int>, _ second: Range<Int>) -> Bool {
    first.count == second.count && first.upperBound <= bytes.count && second.upperBound <= bytes.count
      && zip(bytes[first], bytes[second]).allSatisfy(==)
  }

  /// The content of the extra field with this number.
  func extraField(_ number: UInt16, in range: Range<Int>) -> Range<Int>? {
    var place = range.lowerBound
    while place + 4 <= range.upperBound {
      let end = place + 4 + Int(u16(place + 2)!)
      guard end <= range.upperBound else { return nil }
      if u16(place) == number { return place + 4..<end }
      place = end
    }
    return nil
  }
}
