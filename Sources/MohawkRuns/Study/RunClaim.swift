import Foundation
import MohawkFiles
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The right to do one run of a study, held by one process at a time among all, on all machines, that see the folder.
///
/// A claim is a file `NAME.N` that its process keeps locked and touches every few seconds. It is stale when the process
/// has ended, which the lock tells on the same machine, or has not touched it for `patience` on another one. Who takes a
/// stale claim over makes the file with the next number; whoever has the highest number holds the claim, so that two
/// processes never both take it.
final class RunClaim: Sendable {
  /// Who holds a claim.
  struct Holder: Codable, Equatable {
    /// The machine's name.
    var host: String
    /// Differs between machines, and between starts of one.
    var boot: String
    /// The process on that machine.
    var process: Int32

    var text: String { "process \(process) on \(host)" }
  }

  /// What came of trying to take a claim.
  enum Outcome {
    case taken(RunClaim)
    case held(by: Holder)
  }

  /// Seconds after which a claim on another machine that nobody touches is stale.
  static let patience = 600.0
  /// Seconds between touches.
  static let pause = 15.0

  let name: String
  private let folder: String
  private let number: Int
  private let descriptor: Int32
  private let state = Mutex((isHeld: true, isLost: false))

  /// Takes the claim, or says who holds it.
  /// - Parameters:
  ///   - name: of the run.
  ///   - folder: where claims lie.
  ///   - own: who takes it.
  static func take(_ name: String, in folder: String, as own: Holder = .current) throws -> Outcome {
    try AtomicFolder.ensure(folder)
    while true {
      let highest = numbers(name, folder).max() ?? 0
      let (path, descriptor) = try fresh(name, folder, own)
      defer { unlink(path) }
      if highest > 0 {
        switch holder("\(folder)/\(name).\(highest)", own, now: modified(descriptor)) {
        case .live(let holder):
          close(descriptor)
          return .held(by: holder)
        case .gone:
          close(descriptor)
          continue
        case .stale: break
        }
      }
      // A link appears at once with its content and its lock, and only where there is none.
      guard link(path, "\(folder)/\(name).\(highest + 1)") == 0 else {
        let reason = errno
        close(descriptor)
        if reason == EEXIST { continue }
        throw failure(reason, "\(folder)/\(name)")
      }
      for number in numbers(name, folder) where number <= highest { unlink("\(folder)/\(name).\(number)") }
      return .taken(RunClaim(name, folder, highest + 1, descriptor))
    }
  }

  private init(_ name: String, _ folder: String, _ number: Int, _ descriptor: Int32) {
    self.name = name
    self.folder = folder
    self.number = number
    self.descriptor = descriptor
    Thread.detachNewThread { [weak self] in
      while true {
        Thread.sleep(forTimeInterval: Self.pause)
        guard let self, self.touch() else { return }
      }
    }
  }

  deinit { release() }

  /// Whether another process has taken the claim over because this one seemed to have ended.
  var isLost: Bool { state.withLock { $0.isLost } }

  /// Says that the process is alive; false once the claim is no longer its own.
  @discardableResult
  func touch() -> Bool {
    let others = Self.numbers(name, folder)
    return state.withLock { state in
      guard state.isHeld else { return false }
      if others.max() != number { state.isLost = true }
      futimens(descriptor, nil)
      return !state.isLost
    }
  }

  /// Gives the claim back.
  func release() {
    let wasHeld = state.withLock { state in
      defer { state.isHeld = false }
      return state.isHeld
    }
    guard wasHeld else { return }
    unlink("\(folder)/\(name).\(number)")
    close(descriptor)
  }

  private enum Finding {
    case live(Holder), stale, gone
  }

  /// What is known of the process behind a claim.
  /// - Parameter now: the time by the clock of the folder's file system.
  private static func holder(_ path: String, _ own: Holder, now: Double) -> Finding {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return .gone }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard let holder = try? JSONDecoder().decode(Holder.self, from: Data(bytes.prefix(max(0, count)))) else {
      return .stale
    }
    if holder.boot == own.boot {
      // The system unlocks what a process leaves behind.
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return .live(holder) }
      flock(descriptor, LOCK_UN)
      return .stale
    }
    return now - modified(descriptor) > patience ? .stale : .live(holder)
  }

  /// A locked file of another name that says who made it.
  private static func fresh(_ name: String, _ folder: String, _ own: Holder) throws -> (String, Int32) {
    let path = "\(folder)/.\(name)-\(UUID().uuidString)"
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(errno, path) }
    _ = flock(descriptor, LOCK_EX | LOCK_NB)  // a file system without locks has the touches
    let text = try JSONEncoder().encode(own)
    let written = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress!, $0.count, 0) }
    guard written == text.count else {
      let reason = errno
      close(descriptor)
      unlink(path)
      throw failure(reason, path)
    }
    return (path, descriptor)
  }

  private static func failure(_ number: Int32, _ path: String) -> MohawkError {
    MohawkError(
      .notWritable, "cannot claim the run: \(String(cString: strerror(number)))", at: path,
      remedy: "use a folder that can be written, on a file system with hard links")
  }

  private static func numbers(_ name: String, _ folder: String) -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(name + ".") }.compactMap { Int($0.dropFirst(name.count + 1)) }
  }

  private static func modified(_ descriptor: Int32) -> Double {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return 0 }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

extension RunClaim.Holder {
  /// This process.
  static let current: Self = {
    let host = ProcessInfo.processInfo.hostName
    let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return Self(
      host: host, boot: boot?.trimmingCharacters(in: .whitespacesAndNewlines) ?? host,
      process: ProcessInfo.processInfo.processIdentifier)
  }()
}
