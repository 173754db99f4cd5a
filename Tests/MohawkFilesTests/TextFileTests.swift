import Foundation
import MohawkFiles
import Testing

/// Small text files as editors on any system write them.
@Suite struct TextFileTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("text-" + UUID().uuidString)

  private func file(_ bytes: some Sequence<UInt8>) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let url = folder.appendingPathComponent(UUID().uuidString)
    try Data(bytes).write(to: url)
    return url.path
  }

  @Test func aMarkIsNoText() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try TextFile.bytes(file([0xEF, 0xBB, 0xBF] + "é\n".utf8)) == Array("é\n".utf8))
    #expect(try TextFile.bytes(file([0xFF, 0xFE, 0xE9, 0, 0x0A, 0])) == Array("é\n".utf8))
    #expect(try TextFile.bytes(file([0xFE, 0xFF, 0xD8, 0x3D, 0xDE, 0])) == Array("😀".utf8))
    #expect(try TextFile.bytes(file([])) == [])
    #expect(try TextFile.bytes(file([0x61, 0xFF, 0xC3])) == [0x61, 0xFF, 0xC3])
  }

  @Test func linesEndAsTheyDoAnywhere() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let lines = try TextFile.lines(file("one\r\ntwo\n\r\nthree\r".utf8)).map { String(decoding: $0, as: UTF8.self) }
    #expect(lines == ["one", "two", "", "three"])
  }

  @Test func anotherEncodingIsNamed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    for bytes in [[0xFF, 0xFE, 0x61], [0xFF, 0xFE, 0x3D, 0xD8], [0xFE, 0xFF, 0xDC, 0]] as [[UInt8]] {
      let error = #expect(throws: MohawkError.self) { try TextFile.bytes(file(bytes)) }
      #expect(error?.message.contains("UTF-16") == true)
    }
    let error = #expect(throws: MohawkError.self) { try TextFile.bytes(file("plain".data(using: .utf16LittleEndian)!)) }
    #expect(error?.message.contains("without a byte order mark") == true)
  }
}

/// Telling whether a file has changed.
@Suite struct FileIdentityTests {
  @Test func aFileIsReadAgainOnlyWhenTheSystemHasChangedIt() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("one".utf8).write(to: URL(fileURLWithPath: path))
    let first = try FileIdentity(path)
    var forged = first
    forged.digest.xxh64 = "not read again"
    #expect(try FileIdentity(path, known: forged).digest.xxh64 == "not read again")
    usleep(20_000)
    // The same size, and the time of modification put back, as rsync and cp -p do.
    let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]!
    let file = FileHandle(forWritingAtPath: path)!
    try file.write(contentsOf: Data("two".utf8))
    try file.close()
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
    let second = try FileIdentity(path, known: forged)
    #expect(second.digest != first.digest && second.digest.xxh64.count == 16)
  }
}
