import Foundation
import MohawkFiles

/// What a partner says of itself when it is ready. Numbers that must agree when two do the same work.
struct Introduction: Codable {
  /// Parameters of teacher and student, and those that move; 0 where there are no models.
  var teacher = 0
  var student = 0
  var moving = 0
  /// Memory in use before there are models, and the bytes of both models' weights.
  var programMiB = 0.0
  var weightsMiB = 0.0

  func isSameWork(as other: Introduction) -> Bool {
    (teacher, student, moving) == (other.teacher, other.student, other.moving)
  }

  /// The program, the weights, and AdamW's two moments of what moves.
  var baseMiB: Double { programMiB + weightsMiB + Double(moving) * 8 / 1_048_576 }
}

/// A process that works one step at a time: it says who it is, then answers each line `step` with a `Sample`, until it
/// reads `end`.
final class Partner {
  let name: String
  let introduction: Introduction
  private let process = Process()
  private let input = Pipe()
  private let output: LineReader

  /// Starts a program and waits until it is ready.
  init(_ name: String, _ command: [String]) throws {
    self.name = name
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = input
    process.standardOutput = pipe
    output = LineReader(pipe.fileHandleForReading)
    do {
      try process.run()
    } catch {
      throw MohawkError(.missingFile, "\(name) does not start: \(error.localizedDescription)", at: command[0])
    }
    introduction = try Self.next(Introduction.self, from: output, name)
  }

  deinit {
    try? input.fileHandleForWriting.write(contentsOf: Data("end\n".utf8))
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// This program as a worker.
  convenience init(_ name: String, worker arguments: [String]) throws {
    try self.init(name, Self.own + ["worker"] + arguments)
  }

  /// The command that starts this program.
  static var own: [String] {
    [Bundle.main.executablePath ?? URL(fileURLWithPath: CommandLine.arguments[0]).path]
  }

  func step() throws -> Sample {
    do {
      try input.fileHandleForWriting.write(contentsOf: Data("step\n".utf8))
    } catch {
      throw Self.ended(name)
    }
    return try Self.next(Sample.self, from: output, name)
  }

  private static func next<Message: Decodable>(
    _ type: Message.Type, from output: LineReader, _ name: String
  ) throws -> Message {
    guard let line = output.next() else { throw ended(name) }
    do {
      return try JSONDecoder().decode(type, from: line)
    } catch {
      throw MohawkError(
        .invalidFormat,
        "\(name) said something else than a line of JSON: \(String(decoding: line.prefix(200), as: UTF8.self))")
    }
  }

  private static func ended(_ name: String) -> MohawkError {
    MohawkError(.interrupted, "\(name) ended early", remedy: "its own message is above")
  }
}

extension [Partner] {
  /// Lets all take turns, every other time in the opposite order.
  /// - Parameter untimed: turns at the beginning that are not counted.
  func takeTurns(_ count: Int, untimed: Int) throws -> [Samples] {
    var result = Array<Samples>(repeating: Samples(), count: self.count)
    for turn in 0..<(count + untimed) {
      for index in turn.isMultiple(of: 2) ? Array<Int>(indices) : indices.reversed() {
        let sample = try self[index].step()
        if turn >= untimed { result[index].append(sample) }
      }
    }
    return result
  }
}

/// Lines from a pipe.
private final class LineReader {
  private let handle: FileHandle
  private var pending = Data()

  init(_ handle: FileHandle) { self.handle = handle }

  /// The next line without its end, nil after the last one.
  func next() -> Data? {
    while true {
      if let end = pending.firstIndex(of: 0x0A) {
        let line = Data(pending[pending.startIndex..<end])
        pending = Data(pending[(end + 1)...])
        return line
      }
      let more = handle.availableData
      if more.isEmpty { return nil }
      pending += more
    }
  }
}
