import Foundation
import MohawkFiles
import MohawkTensor
import MohawkWeights
import Synchronization
import Testing

/// The path of a committed file made by independent Python.
func golden(_ name: String) -> String {
  Bundle.module.resourceURL!.appendingPathComponent("Goldens/\(name)").path
}

/// A folder that goes when the test does.
final class TemporaryFolder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-\(UUID().uuidString)").path
  init() throws { try AtomicFolder.ensure(path) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  static func / (folder: TemporaryFolder, name: String) -> String { folder.path + "/" + name }
  var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// Type, shape and every byte of a tensor.
struct Content: Equatable {
  let dtype: DType
  let shape: [Int]
  let bytes: [UInt8]
  init(_ tensor: Tensor) {
    dtype = tensor.dtype
    shape = tensor.shape
    bytes = tensor.count == 0 ? [] : tensor.contiguous().withBytes { [UInt8]($0) }
  }
}

extension WeightStore {
  /// Everything in the store by name.
  func contents() throws -> [String: Content] {
    var all: [String: Content] = [:]
    for name in names {
      let content = Content(try tensor(name))
      #expect(shape(of: name) == WeightShape(content.dtype, content.shape), "\(name)")
      all[name] = content
    }
    #expect(all.count == names.count)
    return all
  }
}

func bytes(of path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) }

/// The error of something that must be refused in one sentence.
func refusal(_ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) -> MohawkError? {
  let error = #expect(throws: MohawkError.self, sourceLocation: sourceLocation) { try body() }
  if let message = error?.message {
    #expect(!message.contains("\n") && message.count < 4000 && !message.hasSuffix("."), sourceLocation: sourceLocation)
  }
  return error
}

/// What a piece of work returns, and the notices that it reports.
func told<Result>(_ body: () throws -> Result) rethrows -> (result: Result, notices: [String]) {
  let notices = Mutex<[String]>([])
  let result = try Notice.handling(by: { notice in notices.withLock { $0.append(notice) } }, body)
  return (result, notices.withLock { $0 })
}
