import Synchronization

/// Shows each notice once, however often its file is opened.
final class NoticeLines: Sendable {
  private let shown = Mutex<Set<String>>([])

  /// Writes a notice to standard error.
  func show(_ notice: String) {
    guard shown.withLock({ $0.insert(notice).inserted }) else { return }
    Terminal.complain("note: \(notice)")
  }
}
