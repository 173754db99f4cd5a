import Foundation

/// Where the command writes for people.
enum Terminal {
  static func say(_ text: String) { stream(text + "\n") }

  static func complain(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }

  /// Puts text on standard error without ending the line.
  static func draw(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// Ends the command when nobody can read its output, such as on a full disk.
  static func stream(_ text: String) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      complain("mohawk: standard output cannot be written (check the disk)")
      exit(1)
    }
  }

  /// Columns of the terminal on standard error.
  static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Whether standard error is a terminal that can redraw a line.
  static var redraws: Bool {
    isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }
}
