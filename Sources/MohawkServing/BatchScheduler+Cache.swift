import MohawkDecoding
import MohawkModels

/// A text that was answered, whose state is to be kept for the next turn of its conversation.
struct PrefixWarmup {
  let ids: [Int32]
  /// After the tokens that were read again; nil before the first piece.
  var state: ModelState?
}

extension BatchScheduler {
  /// Puts a prompt to where its longest known beginning ends.
  func restore(_ prompt: BatchPrompt) {
    if prompt.wasRestored { return }
    prompt.wasRestored = true
    // Scores need every token to be read.
    guard !prompt.job.request.scoresPrompts, let known = cache?.longest(prompt.ids) else { return }
    (prompt.state, prompt.count) = (known.state, known.count)
    counts.reuses += 1
    counts.reusedTokens += known.count
    prompt.job.tell(.promptRestored(prompt: prompt.index, tokens: known.count))
  }

  /// Keeps the state of a prompt where that is worth it. Scored prompts are cut elsewhere.
  func keep(_ prompt: BatchPrompt) {
    guard let cache, !prompt.job.request.scoresPrompts, pieces.isKept(prompt.count, of: prompt.ids.count)
    else { return }
    cache.insert(prompt.ids[..<prompt.count], prompt.state)
  }

  /// Notes that a text has its answer, of which the next prompt may be a continuation.
  ///
  /// The state of the answer's single steps differs from that of reading it in rounding, so that it is read again, when
  /// there is nothing else to do.
  func note(_ sequence: BatchSequence) {
    let request = sequence.job.request
    guard cache != nil, request.choices == 1, !request.scoresPrompts,
      lastCut(of: sequence.ids) > pieces.last(of: sequence.text.promptCount)
    else { return }
    if warmups.count == capacity { warmups.removeFirst() }
    warmups.append(PrefixWarmup(ids: sequence.ids, state: nil))
  }

  /// The last cut of a text up to which the model can read it.
  private func lastCut(of ids: [Int32]) -> Int { pieces.last(of: min(ids.count, engine.maxLength ?? .max)) }

  /// Reads a piece of an answered text.
  func warmPrefixes() {
    guard let cache, let text = warmups.first else { return }
    let last = lastCut(of: text.ids)
    let known = text.state == nil ? cache.longest(text.ids) : nil
    let state = text.state ?? known?.state ?? engine.emptyState()
    if state.position < last {
      let end = pieces.end(after: state.position, of: last)
      _ = engine.read(Array(text.ids[state.position..<end]), state, logits: 0)
    }
    if state.position < last {
      warmups[0].state = state
    } else {
      cache.insert(text.ids[..<last], state)
      warmups.removeFirst()
    }
  }
}
