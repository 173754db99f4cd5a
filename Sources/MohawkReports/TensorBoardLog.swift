import Foundation
import MohawkFiles
import MohawkRecipes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes scalars as a TensorBoard event file: `orientation/loss`, `orientation/evaluation/perplexity` and so on, over
/// the run's step.
public final class TensorBoardLog: TrainingListener {
  /// The event file.
  public var path: String { file.path }

  private let file: GrowingFile
  private let now: () -> Double

  /// Starts an event file in `folder`; a resumed run has one file per start.
  /// - Parameters:
  ///   - folder: made when it is missing.
  ///   - step: the step after which a resumed run goes on; what older files hold after it is then not shown.
  ///   - now: seconds since 1970.
  public init(
    folder: String, resumingAfter step: Int? = nil, now: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws {
    try AtomicFolder.ensure(folder)
    self.now = now
    var host = [CChar](repeating: 0, count: 256)
    gethostname(&host, host.count - 1)
    let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let safe = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
    let time = now()
    file = try GrowingFile("\(folder)/events.out.tfevents.\(Int(time)).\(safe).\(getpid())")
    try write(.fileVersion, step: 0)
    if let step { try write(.sessionStart, step: step + 1) }
  }

  /// Appends the event's scalars.
  public func receive(_ event: TrainingEvent) throws {
    switch event {
    case .step(let record):
      var scalars = [
        ("loss", record.loss), ("learning rate", record.learningRate), ("gradient norm", record.gradientNorm),
        ("tokens per second", record.tokensPerSecond), ("memory MiB", record.memoryMiB),
      ]
      for (layer, loss) in (record.perLayer ?? []).enumerated() { scalars.append(("layer \(layer)/loss", loss)) }
      try write(.scalars(scalars.map { ("\(record.stage.rawValue)/\($0.0)", $0.1) }), step: record.step)
    case .evaluated(let record):
      let scalars = record.values.map { ("\(record.stage.rawValue)/evaluation/\($0.name)", $0.value) }
      try write(.scalars(scalars), step: record.step)
    case .started, .stageStarted, .checkpointed, .stageEnded, .ended: break
    }
  }

  private func write(_ content: TensorBoardEvent.Content, step: Int) throws {
    try file.append(TensorBoardEvent(wallTime: now(), step: step, content: content).record)
  }
}
