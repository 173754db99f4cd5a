import Synchronization

/// Shows each notice once, however often its file is opened.
package final class NoticeLines: Sendable {
  private let shown = Mutex<Set<String>>([])

  package init() {}

  /// Writes a notice to standard error.
  package func show(_ notice: String) {
    guard shown.withLock({ $0.insert(notice).inserted }) else { return }
    Terminal.complain("note: \(notice)")
  }
}
