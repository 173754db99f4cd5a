import Foundation
import MohawkFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Processes that train together, as a launcher starts them.
enum Ranks {
  /// A port that was free a moment ago.
  static func freePort() -> Int {
    #if canImport(Glibc)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        _ = bind(descriptor, pointer, length)
        _ = getsockname(descriptor, pointer, &length)
      }
      return Int(UInt16(bigEndian: pointer.pointee.sin_port))
    }
  }

  /// Starts ranks.
  /// - Parameters:
  ///   - limits: bytes that a file of each may have at most; nil for no limit.
  ///   - environment: of all of them, beside what a launcher says.
  static func start(
    _ count: Int, _ arguments: [String], in place: Workplace, limits: [Int?]? = nil,
    environment: [String: String] = [:]
  ) throws -> [Command] {
    let port = freePort()
    return try (0..<count).map { rank in
      try Command(
        arguments, in: place.folder, limit: limits?[rank],
        environment: [
          "OMP_NUM_THREADS": "1", "RANK": "\(rank)", "LOCAL_RANK": "\(rank)", "WORLD_SIZE": "\(count)",
          "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)",
        ].merging(environment) { $1 })
    }
  }

  static func run(_ count: Int, _ arguments: [String], in place: Workplace) throws -> [Command.Result] {
    try start(count, arguments, in: place).map { try $0.wait() }
  }
}

/// What only some machines let tests do.
enum Privileges {
  /// Whether a command of the system succeeds.
  @discardableResult static func run(_ arguments: String...) -> Bool { run(arguments) }

  static func run(_ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  static let canMount: Bool = {
    guard let folder = try? TemporaryFolder(), run("mount", "-t", "tmpfs", "tmpfs", folder.path) else { return false }
    return run("umount", folder.path)
  }()

  static let canMakeNetworks: Bool = {
    guard let network = try? Network() else { return false }
    network.remove()
    return true
  }()

  /// Two network namespaces with a cable between them.
  struct Network {
    private let name = "mhk\(ProcessInfo.processInfo.processIdentifier % 10_000)"

    init() throws {
      remove()
      let (first, second) = (space(0), space(1))
      let commands = [
        ["netns", "add", first], ["netns", "add", second],
        ["-n", first, "link", "add", interface(0), "type", "veth", "peer", "name", interface(1), "netns", second],
        ["-n", first, "addr", "add", "10.213.0.1/24", "dev", interface(0)],
        ["-n", second, "addr", "add", "10.213.0.2/24", "dev", interface(1)],
        ["-n", first, "link", "set", "lo", "up"], ["-n", second, "link", "set", "lo", "up"],
        ["-n", first, "link", "set", interface(0), "up"], ["-n", second, "link", "set", interface(1), "up"],
      ]
      for command in commands where !Self.ip(command) {
        remove()
        throw MohawkError(.unsupported, "ip \(command.joined(separator: " ")) fails")
      }
    }

    private static func ip(_ arguments: [String]) -> Bool { Privileges.run(["ip"] + arguments) }

    func space(_ rank: Int) -> String { "\(name)-\(rank)" }
    func interface(_ rank: Int) -> String { "veth\(rank)" }
    /// Pulls the cable.
    func takeDown() { _ = Self.ip(["-n", space(1), "link", "set", interface(1), "down"]) }
    func remove() { for rank in 0..<2 { _ = Self.ip(["netns", "del", space(rank)]) } }
  }
}
