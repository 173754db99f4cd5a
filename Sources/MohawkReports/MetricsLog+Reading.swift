import Foundation
import MohawkFiles
import MohawkRecipes

extension MetricsLog {
  /// The events of a log. A half-written last line, as a killed run leaves it, is passed over.
  /// - Throws: `MohawkError` with the line when another line is not an event.
  public static func read(_ path: String) throws -> [TrainingEvent] { try lines(path).map(\.event) }

  /// Drops everything after `step`, the end of the run and a half-written last line, in one atomic step.
  ///
  /// A missing log counts as an empty one.
  /// - Returns: the events that stay.
  @discardableResult
  public static func truncate(_ path: String, after step: Int) throws -> [TrainingEvent] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let kept = try lines(path).filter { line in
      switch line.event {
      case .started: true
      case .ended: false
      default: line.event.step! <= step
      }
    }
    var text: [UInt8] = []
    for line in kept { text += line.bytes + [UInt8(ascii: "\n")] }
    let isWhole = try MappedFile(path).withBytes { $0.elementsEqual(text) }
    if !isWhole { try AtomicFile.write(Data(text), to: path) }
    return kept.map(\.event)
  }

  private static func lines(_ path: String) throws -> [(bytes: [UInt8], event: TrainingEvent)] {
    try MappedFile(path).withBytes { try lines($0, path) }
  }

  private static func lines(
    _ text: UnsafeRawBufferPointer, _ path: String
  ) throws -> [(bytes: [UInt8], event: TrainingEvent)] {
    let decoder = JSONDecoder()
    var lines: [(bytes: [UInt8], event: TrainingEvent)] = []
    var start = 0
    var number = 1
    while start < text.count {
      let newline = text[start...].firstIndex(of: UInt8(ascii: "\n"))
      let end = newline ?? text.count
      let bytes = Array(text[start..<end])
      if !bytes.allSatisfy(" \t\r".utf8.contains) {
        if let event = try? decoder.decode(TrainingEvent.self, from: Data(bytes)) {
          lines.append((bytes, event))
        } else if newline != nil {
          throw MohawkError(
            .invalidFormat, "this line is not a training event", at: "\(path):\(number)",
            remedy: "remove the line if you changed the file by hand")
        }
      }
      start = end + 1
      number += 1
    }
    return lines
  }
}
