import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The built `mohawk`, or another program here, run in processes of its own.
struct Command {
  let process = Process()
  private let output: URL
  private let errors: URL

  static let executable = program("mohawk")

  /// Beside the test bundle.
  static func program(_ name: String) -> URL {
    let bundles = Bundle.allBundles.map(\.bundleURL).filter { $0.pathExtension == "xctest" }
    let places = bundles + [Bundle.main.executableURL, Bundle.main.bundleURL].compactMap { $0 }
    let candidates = places.flatMap { [$0, $0.deletingLastPathComponent()] }.map { $0.appendingPathComponent(name) }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }!
  }

  struct Result {
    let status: Int32
    let wasKilled: Bool
    let output: String
    let errors: String
    /// Lines on standard error that tell what is wrong.
    var complaints: [Substring] { errors.split(separator: "\n").filter { $0.hasPrefix("mohawk: ") } }
  }

  /// Starts the command.
  /// - Parameters:
  ///   - limit: bytes that a file may have at most.
  ///   - input: what standard input holds.
  ///   - environment: laid over that of the tests.
  ///   - program: another one than `mohawk`.
  ///   - wrapper: a command that starts the command, such as one that changes the network.
  init(
    _ arguments: [String], in folder: TemporaryFolder, limit: Int? = nil, input: Any? = nil,
    environment: [String: String] = ["OMP_NUM_THREADS": "1"], program: URL = executable, within wrapper: [String] = []
  ) throws {
    let name = UUID().uuidString
    output = URL(fileURLWithPath: folder.path + "/.out-" + name)
    errors = URL(fileURLWithPath: folder.path + "/.err-" + name)
    for file in [output, errors] { try Data().write(to: file) }
    if let limit {
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      let script = "ulimit -f \(limit / 1024); exec \"$0\" \"$@\""
      process.arguments = ["-c", script, program.path] + arguments
    } else {
      process.executableURL = wrapper.isEmpty ? program : URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = wrapper.isEmpty ? arguments : wrapper + [program.path] + arguments
    }
    var inherited = ProcessInfo.processInfo.environment
    // The tests' own process may have set it for itself, and the command is to choose anew.
    inherited["GOMP_SPINCOUNT"] = nil
    process.environment = inherited.merging(environment) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.standardInput = input ?? FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    // Threads that run tests block signals, and a child inherits what is blocked.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  func wait() throws -> Result {
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  static func run(_ arguments: [String], in folder: TemporaryFolder, limit: Int? = nil) throws -> Result {
    try Command(arguments, in: folder, limit: limit).wait()
  }

  /// What it has written to standard output.
  var written: String { (try? Data(contentsOf: output)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Looks again and again until `holds`, or until the process has ended.
  func wait(until holds: () -> Bool) {
    while process.isRunning, !holds() { usleep(300) }
  }
}
