import CMohawkTorch
import Foundation
import MohawkFiles
import MohawkTensor

/// Processes that train one model together, each a share of every batch: one rank's view of them.
///
/// All ranks make the same calls in the same order. Whatever goes wrong with another rank becomes a `MohawkError` that
/// names it, within the timeout.
public final class Ranks {
  /// Where a process stands among the others, as launchers such as torchrun tell it.
  public struct Place: Sendable, Equatable {
    /// This process, counted from 0, and how many there are.
    public var rank, size: Int
    /// Where the ranks meet.
    public var address: String
    /// The port there.
    public var port: Int
    /// Whether rank 0 opens that port itself; otherwise whoever started the processes does.
    public var hosts: Bool
    /// Which start of the processes this is, where several use the same port.
    public var start: String

    /// One argument per property.
    public init(rank: Int, size: Int, address: String, port: Int, hosts: Bool = true, start: String = "0") {
      precondition((0..<size).contains(rank), "rank \(rank) of \(size)")
      (self.rank, self.size, self.address, self.port) = (rank, size, address, port)
      (self.hosts, self.start) = (hosts, start)
    }

    /// The rows of a batch that are this rank's; all ranks have as many, but for one.
    func share(of rows: Int) -> Range<Int> { rows * rank / size..<rows * (rank + 1) / size }
  }

  /// Where this process stands.
  public let place: Place
  /// Seconds that a rank waits for the others before it gives up.
  public let timeout: Double
  /// Whether this rank prints, logs and writes.
  public var isFirst: Bool { place.rank == 0 }
  private let handle: mhk_ranks  // of a group that is never freed
  /// Whether a call has failed, so that there is nobody to talk to any more.
  private var isBroken = false

  /// Meets the others.
  /// - Throws: `MohawkError` that names a rank which has not come in time.
  public init(_ place: Place, timeout: Double = 600) throws {
    self.place = place
    self.timeout = timeout
    var handle = mhk_ranks(object: UnsafeMutableRawPointer(bitPattern: 8)!)
    let error = mhk_ranks_join(
      place.address, Int32(place.port), place.hosts, "mohawk.\(place.start)", Int32(place.rank), Int32(place.size),
      timeout, &handle)
    if let reason = Self.taken(error) {
      throw MohawkError(
        .notReadable, "the \(place.size) ranks do not meet within \(Int(timeout)) s: \(reason)",
        at: "\(place.address):\(place.port)",
        remedy: "check that all are started, with the same address and port, and that the port is free")
    }
    self.handle = handle
  }

  /// The sums of numbers over all ranks.
  public func sum(_ numbers: [Double]) throws -> [Double] {
    var numbers = numbers
    let error = numbers.withUnsafeMutableBufferPointer {
      mhk_ranks_sum_doubles(handle, $0.baseAddress!, Int64($0.count))
    }
    try check(error)
    return numbers
  }

  /// Replaces tensors, on the CPU and in one piece, by those of rank 0.
  public func share(_ tensors: [Tensor]) throws {
    for tensor in tensors {
      precondition(tensor.isContiguous && tensor.device.usesMainMemory, "\(tensor) is not in one piece on the CPU")
      let bytes = tensor.address.assumingMemoryBound(to: UInt8.self)
      try check(mhk_ranks_share(handle, bytes, Int64(tensor.withBytes { $0.count })))
    }
  }

  private func check(_ error: UnsafeMutablePointer<CChar>?) throws {
    if let reason = Self.taken(error) { throw lost(reason) }
  }

  private static func taken(_ text: UnsafeMutablePointer<CChar>?) -> String? {
    guard let text else { return nil }
    defer { mhk_ranks_free(text) }
    return String(cString: text)
  }
}

// Numbers that are on their way while this rank does something else.
extension Ranks {
  /// Memory between ranks. It is never freed where they have lost each other: somebody may still write to it.
  final class Pending {
    fileprivate let sent, received: Tensor
    fileprivate var work = mhk_ranks_work()

    fileprivate init(_ sent: Tensor, _ received: Tensor) { (self.sent, self.received) = (sent, received) }
  }

  /// Begins to send other numbers to each rank and to receive from each.
  /// - Parameters:
  ///   - numbers: [sum of `counts`] on the CPU, in the order of the ranks.
  ///   - counts: how many for each rank.
  ///   - receivedCounts: how many come from each.
  func exchange(_ numbers: Tensor, counts: [Int], receivedCounts: [Int]) throws -> Pending {
    // One number more: what is empty has no address.
    let pending = Pending(numbers, .zeros([receivedCounts.reduce(1, +)], numbers.dtype))
    let size = Int64(numbers.dtype.size)
    return try begin(pending) {
      mhk_ranks_exchange(
        handle, numbers.address, counts.map { Int64($0) * size }, pending.received.address,
        receivedCounts.map { Int64($0) * size }, &pending.work)
    }
  }

  /// Begins to send numbers to all ranks, and to receive as many from each.
  /// - Parameter numbers: of one dimension, on the CPU.
  func gather(_ numbers: Tensor) throws -> Pending {
    let pending = Pending(numbers, .zeros([numbers.count * place.size], numbers.dtype))
    return try begin(pending) {
      mhk_ranks_gather(handle, numbers.address, Int64(numbers.byteCount), pending.received.address, &pending.work)
    }
  }

  private func begin(_ pending: Pending, _ call: () -> UnsafeMutablePointer<CChar>?) throws -> Pending {
    precondition(
      pending.sent.device.usesMainMemory && pending.sent.isContiguous, "\(pending.sent) is not in one piece on the CPU")
    let kept = Unmanaged.passRetained(pending)
    try check(call())
    return kept.takeUnretainedValue()
  }

  /// Waits for numbers.
  /// - Returns: what came, in the order of the ranks.
  func finish(_ pending: Pending) throws -> Tensor {
    try check(mhk_ranks_finish(handle, pending.work))
    Unmanaged.passUnretained(pending).release()
    return pending.received
  }

  /// Waits until all ranks have come here.
  func meet() throws { _ = try sum([0]) }
}

// What ranks tell each other beside numbers.
extension Ranks {
  /// Lets the others know that something has happened here.
  public func announce(_ event: String) throws {
    if let reason = Self.taken(mhk_ranks_tell(handle, event, "1")) { throw lost(reason) }
  }

  /// Waits, however long it takes, until rank 0 has announced one of some events.
  /// - Parameters:
  ///   - events: what is waited for.
  ///   - shouldStop: asked now and then; true gives up waiting.
  /// - Returns: the event; nil when it was stopped.
  /// - Throws: `MohawkError` when rank 0 has failed or is gone.
  public func wait(forOneOf events: [String], shouldStop: () -> Bool) throws -> String? {
    while !shouldStop() {
      if let reason = try told("failed.0") { throw stopped(0, reason) }
      for event in events where try told(event) != nil { return event }
      usleep(100_000)
    }
    return nil
  }

  /// Lets the others know that this rank needs them no more. Rank 0, at whose port they listen, waits a little for them to
  /// do the same.
  public func leave() {
    if isBroken { return }
    _ = Self.taken(mhk_ranks_tell(handle, "left.\(place.rank)", "1"))
    guard isFirst else { return }
    let end = ContinuousClock.now + .seconds(10)
    for other in 1..<max(1, place.size) {
      while ContinuousClock.now < end, (try? told("left.\(other)")) == .some(nil) { usleep(50_000) }
    }
  }

  /// Lets the others know why this rank stops.
  public func fail(_ reason: String) {
    if isBroken { return }
    _ = Self.taken(mhk_ranks_tell(handle, "failed.\(place.rank)", reason))
    leave()
  }

  private func told(_ name: String) throws -> String? {
    var text: UnsafeMutablePointer<CChar>?
    if Self.taken(mhk_ranks_told(handle, name, &text)) != nil {
      isBroken = true
      throw MohawkError(
        .notReadable, "rank 0 of \(place.size) does not answer any more", at: "rank \(place.rank)",
        remedy: Self.remedy)
    }
    return Self.taken(text)
  }

  /// Seconds in which ranks answer a roll call.
  private static let rollCall = 5.0
  private static let remedy =
    "start all ranks again to continue from the last checkpoint; another number of them will do too"

  private func stopped(_ rank: Int, _ reason: String) -> MohawkError {
    MohawkError(
      .notReadable, "rank \(rank) of \(place.size) has stopped: \(reason)", at: "rank \(place.rank)",
      remedy: Self.remedy)
  }

  /// What became of the others, after a call to them has failed.
  private func lost(_ reason: String) -> MohawkError {
    var silent = [Bool](repeating: false, count: place.size)
    mhk_ranks_roll_call(handle, Self.rollCall, &silent)
    isBroken = true
    for other in silent.indices where other != place.rank && !silent[0] {
      if let reason = try? told("failed.\(other)") { return stopped(other, reason) }
    }
    let gone = silent.indices.filter { silent[$0] }.map(String.init)
    let what =
      gone.isEmpty
      ? "the \(place.size) ranks have lost each other, though all of them run: \(reason)"
      : "rank\(gone.count > 1 ? "s" : "") \(gone.joined(separator: ", ")) of \(place.size) "
        + (gone.count > 1 ? "do" : "does") + " not answer any more"
    return MohawkError(
      .notReadable, what, at: "rank \(place.rank)",
      remedy: gone.isEmpty ? "check the network, or give a larger --rank-timeout than \(Int(timeout))" : Self.remedy)
  }
}
