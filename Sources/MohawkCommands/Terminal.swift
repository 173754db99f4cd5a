import Foundation

/// Where the command writes for people.
package enum Terminal {
  package static func say(_ text: String) { stream(text + "\n") }

  package static func complain(_ text: String) { draw(text + "\n") }

  /// Puts text on standard error without ending the line.
  package static func draw(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// Ends the command when nobody can read its output, such as on a full disk.
  package static func stream(_ text: String) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      complain("mohawk: standard output cannot be written (check the disk)")
      exit(1)
    }
  }

  /// Columns of the terminal on standard error.
  package static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Whether standard error is a terminal that can redraw a line.
  package static var redraws: Bool {
    isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }
}
