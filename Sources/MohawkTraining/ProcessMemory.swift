#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Resident memory of this process in MiB, now and at its highest; NaN where the system does not tell (anything but
/// Linux).
public struct ProcessMemory: Equatable {
  /// In use now.
  public internal(set) var resident = Double.nan
  /// The most that was ever in use.
  public internal(set) var peak = Double.nan

  /// As it is now.
  public static func current() -> ProcessMemory {
    var memory = ProcessMemory()
    #if os(Linux)
      let descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return memory }
      defer { close(descriptor) }
      var buffer = [UInt8](repeating: 0, count: 8192)
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return memory }
      memory = ProcessMemory(status: String(decoding: buffer[..<count], as: UTF8.self))
    #endif
    return memory
  }

  /// Lets `peak` begin anew at what is in use now. False where the system does not do that.
  @discardableResult
  public static func resetPeak() -> Bool {
    #if os(Linux)
      let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      return write(descriptor, "5", 1) == 1
    #else
      return false
    #endif
  }

  private init() {}

  /// Reads the lines `VmRSS:  1234 kB` and `VmHWM:  1234 kB`.
  init(status: String) {
    for line in status.split(separator: "\n") {
      let words = line.split { $0 == " " || $0 == "\t" }
      guard words.count == 3, words[2] == "kB", let kilobytes = Double(words[1]) else { continue }
      if words[0] == "VmRSS:" { resident = kilobytes / 1024 }
      if words[0] == "VmHWM:" { peak = kilobytes / 1024 }
    }
  }
}
