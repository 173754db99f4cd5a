/// A zip archive with every number open to lies.
struct ZipBuilder {
  struct Record {
    var name: String
    var content: [UInt8]
    /// The name in the record's own header.
    var localName: String?
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var stored: UInt32?
    var size: UInt32?
    var offset: UInt32?
    var extra: [UInt8] = []
    var localExtra: [UInt8] = []
    init(_ name: String, _ content: [UInt8]) {
      self.name = name
      self.content = content
    }
  }

  var records: [Record]
  var claimedCount: UInt16?
  var claimedSize: UInt32?
  var claimedStart: UInt32?
  var disk: UInt16 = 0
  var comment: [UInt8] = []
  /// The content of a ZIP64 end record: records, size and start of the directory; nil for the true numbers.
  var zip64: (count: UInt64?, size: UInt64?, start: UInt64?)?
  var zip64Place: UInt64?

  init(_ records: [Record]) { self.records = records }
  init(_ records: [(String, [UInt8])]) { self.records = records.map { Record($0.0, $0.1) } }

  /// An archive like those of torch.save.
  static func torch(pickle: [UInt8], storages: [(key: String, bytes: [UInt8])] = [], order: String? = "little")
    -> ZipBuilder
  {
    var records = [("archive/data.pkl", pickle)]
    if let order { records.append(("archive/byteorder", Array(order.utf8))) }
    return ZipBuilder(records + storages.map { ("archive/data/" + $0.key, $0.bytes) })
  }

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for record in records {
      let offset = UInt32(file.count)
      let size = UInt32(record.content.count)
      let local = Array((record.localName ?? record.name).utf8)
      file += le(0x0403_4B50, 4) + le(20, 2) + le(UInt64(record.flags), 2) + le(UInt64(record.method), 2) + le(0, 8)
      file += le(UInt64(record.stored ?? size), 4) + le(UInt64(record.size ?? size), 4)
      file += le(UInt64(local.count), 2) + le(UInt64(record.localExtra.count), 2) + local + record.localExtra
      file += record.content
      directory += le(0x0201_4B50, 4) + le(20, 2) + le(20, 2) + le(UInt64(record.flags), 2)
      directory += le(UInt64(record.method), 2) + le(0, 8)
      directory += le(UInt64(record.stored ?? size), 4) + le(UInt64(record.size ?? size), 4)
      directory += le(UInt64(record.name.utf8.count), 2) + le(UInt64(record.extra.count), 2) + le(0, 2) + le(0, 8)
      directory += le(UInt64(record.offset ?? offset), 4) + Array(record.name.utf8) + record.extra
    }
    let start = file.count
    file += directory
    if let zip64 {
      let place = file.count
      let count = zip64.count ?? UInt64(records.count)
      file += le(0x0606_4B50, 4) + le(44, 8) + le(45, 2) + le(45, 2) + le(0, 8) + le(count, 8) + le(count, 8)
      file += le(zip64.size ?? UInt64(directory.count), 8) + le(zip64.start ?? UInt64(start), 8)
      file += le(0x0706_4B50, 4) + le(0, 4) + le(zip64Place ?? UInt64(place), 8) + le(1, 4)
    }
    let count = UInt64(claimedCount ?? (zip64 == nil ? UInt16(records.count) : 0xFFFF))
    file += le(0x0605_4B50, 4) + le(UInt64(disk), 2) + le(0, 2) + le(count, 2) + le(count, 2)
    file += le(UInt64(claimedSize ?? (zip64 == nil ? UInt32(directory.count) : .max)), 4)
    file += le(UInt64(claimedStart ?? (zip64 == nil ? UInt32(start) : .max)), 4)
    return file + le(UInt64(comment.count), 2) + comment
  }
}

/// The first bytes of a little-endian number.
func le(_ number: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
