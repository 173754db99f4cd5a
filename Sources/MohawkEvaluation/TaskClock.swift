/// Tells progress of one task.
struct TaskClock {
  private let start = ContinuousClock.now
  let task: String
  let total: Int
  let report: (TaskProgress) -> Void

  var seconds: Double {
    let time = start.duration(to: .now).components
    return Double(time.seconds) + Double(time.attoseconds) * 1e-18
  }

  func tell(_ done: Int, _ tokens: Int) {
    report(TaskProgress(task: task, done: done, total: total, tokens: tokens, seconds: seconds))
  }
}
