import MohawkCommands
import MohawkRecipes
import MohawkReports
import MohawkRuns
import MohawkTensor
import MohawkTraining

/// What every long command shares: threads, a progress line, and an ear for Ctrl-C.
struct Session {
  var settings = RunSettings()

  /// - Parameter ranks: the processes that train together; only the first of them shows anything.
  init(_ recipe: Recipe, _ ranks: Ranks? = nil) {
    if let threads = recipe.threads { Runtime.threads = threads }
    StopSignal.install()
    settings.shouldStop = { StopSignal.isRequested }
    settings.ranks = ranks
    guard ranks?.isFirst ?? true else { return }
    settings.notice = { Terminal.complain($0) }
    settings.listeners = [
      ProgressLine(Terminal.redraws ? .terminal(width: { Terminal.width }) : .plain, on: .standardError)
    ]
  }

  /// Prints what both models are, and what the student takes from its teacher, one line for every kind of parameter.
  func showStart(of run: DistillationRun) {
    run.onStart = { start, rows in
      Terminal.say(start.text)
      Terminal.say(TransferTable.text(rows))
    }
  }
}
