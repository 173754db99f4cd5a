import Foundation
import MohawkReports

/// Where the command writes for people.
enum Terminal {
  static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
  static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
  static func stream(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

  /// Whether standard error is a terminal that can redraw a line.
  static var redraws: Bool {
    isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }
}
