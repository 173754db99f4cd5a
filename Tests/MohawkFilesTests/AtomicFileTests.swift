import Foundation
@testable import MohawkFiles
import Testing

@Suite struct AtomicFileTests {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-files-\(UUID().uuidString)").path

  init() throws { try AtomicFolder.ensure(folder) }

  @Test func aFileThatWasNotCommittedLeavesNothing() throws {
    do {
      let file = try AtomicFile(folder + "/a")
      try Data("half".utf8).withUnsafeBytes { try file.write($0) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test func aFailedFillKeepsTheOldFolder() throws {
    try AtomicFolder.create(folder + "/b") { try AtomicFile.write("old", to: $0 + "/x") }
    struct Stop: Error {}
    #expect(throws: Stop.self) { try AtomicFolder.create(folder + "/b") { _ in throw Stop() } }
    #expect(try String(contentsOfFile: folder + "/b/x", encoding: .utf8) == "old")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["b"])
  }

  @Test func aFolderDoesNotReplaceAFile() throws {
    try AtomicFile.write("mine", to: folder + "/c")
    let error = #expect(throws: MohawkError.self) { try AtomicFolder.create(folder + "/c") { _ in } }
    #expect(error?.code == .notWritable)
    #expect(try String(contentsOfFile: folder + "/c", encoding: .utf8) == "mine")
  }

  @Test func aMissingFolderIsNamed() {
    let error = #expect(throws: MohawkError.self) { try AtomicFile.write("x", to: folder + "/none/file") }
    #expect(error?.code == .missingFile)
    #expect(error?.description.contains("none/file") == true)
  }

  @Test func aFullDiskIsOneSentence() throws {
    // /dev/full accepts an open and refuses every write, as a full disk does.
    try #require(FileManager.default.fileExists(atPath: "/dev/full"))
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let error = #expect(throws: MohawkError.self) {
      try Data([1, 2, 3]).withUnsafeBytes { try writeAll($0, to: descriptor, "run/model") }
    }
    #expect(error?.code == .diskFull)
    #expect(error?.description.contains("run/model") == true)
  }

  @Test func aMappedFileHoldsTheBytes() throws {
    try AtomicFile.write("hello", to: folder + "/m")
    #expect(try MappedFile(folder + "/m").withBytes { Array($0) } == Array("hello".utf8))
    let folderError = #expect(throws: MohawkError.self) { try MappedFile(folder) }
    #expect(folderError?.code == .notReadable)
  }
}
