import Foundation
import MohawkServing

/// What the server has done, for `/metrics`.
final class ServerMetrics: @unchecked Sendable {  // everything is guarded by `lock`
  private let lock = NSLock()
  private var requests: [Key: Int] = [:]
  private var active = 0
  private var firsts: [String: Histogram] = [:]
  private var nexts: [String: Histogram] = [:]

  private struct Key: Hashable {
    let path: String
    let status: Int
  }

  private static let first = Histogram([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60])
  private static let between = Histogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5])

  func begin() { lock.withLock { active += 1 } }
  func end() { lock.withLock { active -= 1 } }

  /// Requests whose answers are not complete.
  var activeRequests: Int { lock.withLock { active } }

  func answered(_ path: String, _ status: Int) {
    lock.withLock { requests[Key(path: path, status: status), default: 0] += 1 }
  }

  func firstToken(_ model: String, after seconds: Double) {
    lock.withLock { firsts[model, default: Self.first].note(seconds) }
  }

  func nextToken(_ model: String, after seconds: Double) {
    lock.withLock { nexts[model, default: Self.between].note(seconds) }
  }

  /// Prometheus text.
  func text(_ models: [(name: String, counts: BatchCounts)]) -> String {
    lock.lock()
    let (requests, active, first, between) = (self.requests, self.active, firsts, nexts)
    lock.unlock()
    var page = MetricsPage()
    page.begin("mohawk_requests_total", "counter", "Answers, by path and status.")
    for (key, count) in requests.sorted(by: { ($0.key.path, $0.key.status) < ($1.key.path, $1.key.status) }) {
      page.add([("path", key.path), ("status", "\(key.status)")], count)
    }
    page.begin("mohawk_requests_active", "gauge", "Requests being answered.")
    page.add([], active)
    for count in Self.counts {
      page.begin(count.name, count.type, count.help)
      for model in models { page.add([("model", model.name)], model.counts[keyPath: count.value]) }
    }
    page.begin("mohawk_first_token_seconds", "histogram", "From a request to its first token.")
    for (model, histogram) in first.sorted(by: { $0.key < $1.key }) { page.add([("model", model)], histogram) }
    page.begin("mohawk_next_token_seconds", "histogram", "Between two tokens of a choice.")
    for (model, histogram) in between.sorted(by: { $0.key < $1.key }) { page.add([("model", model)], histogram) }
    if let bytes = Self.residentBytes {
      page.begin("process_resident_memory_bytes", "gauge", "Resident memory.")
      page.add([], bytes)
    }
    return page.text
  }

  private static let counts: [(name: String, type: String, help: String, value: KeyPath<BatchCounts, Int> & Sendable)] =
    [
      ("mohawk_prompt_tokens_total", "counter", "Tokens of prompts that were read.", \.promptTokens),
      ("mohawk_prefix_reuses_total", "counter", "Prompts of which a beginning was known.", \.reuses),
      ("mohawk_draft_proposed_total", "counter", "Tokens that a draft proposed.", \.proposedTokens),
      ("mohawk_draft_accepted_total", "counter", "Proposed tokens that the model accepted.", \.acceptedTokens),
      ("mohawk_reused_tokens_total", "counter", "Tokens of prompts that were not read again.", \.reusedTokens),
      ("mohawk_cache_bytes", "gauge", "Bytes of the states that are kept for later prompts.", \.cacheBytes),
      ("mohawk_new_tokens_total", "counter", "Tokens that were generated.", \.newTokens),
      ("mohawk_steps_total", "counter", "Steps of the batch.", \.steps),
      ("mohawk_cancelled_total", "counter", "Requests whose client went away.", \.cancelled),
      ("mohawk_queue_requests", "gauge", "Requests that wait.", \.waiting),
      ("mohawk_reading_prompts", "gauge", "Prompts that are being read.", \.reading),
      ("mohawk_batch_sequences", "gauge", "Sequences that step together.", \.running),
    ]

  /// Memory of this process; nil where the system does not say.
  private static var residentBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
