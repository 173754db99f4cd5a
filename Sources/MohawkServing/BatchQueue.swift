/// Requests whose prompts wait for a place in the batch. Requests take turns, prompt by prompt, so that one with many
/// prompts does not hold up the others.
struct BatchQueue {
  private var jobs: [BatchJob] = []

  var isEmpty: Bool { jobs.isEmpty }
  /// Requests of which no prompt was begun.
  var untouched: Int { jobs.count { $0.nextPrompt == 0 } }

  mutating func append(_ job: BatchJob) { jobs.append(job) }

  /// The next prompt whose choices fit into `places`.
  mutating func next(places: Int) -> (job: BatchJob, prompt: Int)? {
    guard let job = jobs.first, job.request.choices <= places else { return nil }
    jobs.removeFirst()
    let prompt = job.nextPrompt
    job.nextPrompt += 1
    if job.nextPrompt < job.request.prompts.count { jobs.append(job) }
    return (job, prompt)
  }

  /// Takes out what nobody waits for.
  mutating func removeOver() { jobs.removeAll(where: \.isOver) }

  func job(_ id: UInt64) -> BatchJob? { jobs.first { $0.id == id } }
}
