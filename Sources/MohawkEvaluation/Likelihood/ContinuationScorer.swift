import MohawkFiles
import MohawkModels
import MohawkTensor

/// Finds how likely continuations are, the fastest way for each group of pairs.
struct ContinuationScorer {
  let model: EvaluatedModel
  /// Tokens of a batch, padding included.
  var batchTokens = 4096
  /// Told after every batch and every group: finished pairs, and tokens that have been read.
  var progress: (Int, Int) -> Void = { _, _ in }

  /// The likelihoods of all pairs, in their order.
  /// - Parameter groups: pairs of one document stand together; they often begin with the same context.
  func score(_ groups: [[TokenPair]]) -> [[Likelihood]] {
    var results: [[Likelihood]] = groups.map { $0.map { _ in Likelihood() } }
    var finished = 0
    var tokens = 0
    var whole: [(group: Int, index: Int, pair: TokenPair)] = []
    for (number, group) in groups.enumerated() {
      let common = sharedLength(group)
      if model.readsByEngine || isWorthSharing(group, common) {
        tokens += scoreShared(group, common, &results[number])
        finished += group.count
        progress(finished, tokens)
      } else {
        whole += group.enumerated().map { (number, $0.offset, $0.element) }
      }
    }
    whole.sort { $0.pair.inputLength(model.window) > $1.pair.inputLength(model.window) }
    var rest = whole[...]
    while let first = rest.first {
      let length = first.pair.inputLength(model.window)
      let batch = rest.prefix(max(1, batchTokens / length))
      rest = rest.dropFirst(batch.count)
      for (place, likelihood) in zip(batch, scoreWhole(batch.map(\.pair))) {
        results[place.group][place.index] = likelihood
      }
      tokens += length * batch.count
      finished += batch.count
      progress(finished, tokens)
    }
    return results
  }

  /// Whether reading what is common once saves more than reading the rests one by one costs: short pieces are read at
  /// about half the speed of whole batches.
  private func isWorthSharing(_ group: [TokenPair], _ common: Int) -> Bool {
    let all = group.reduce(0) { $0 + $1.inputLength(model.window) }
    let rests = all - group.count * common
    return group.count > 1 && common + rests <= all / 2
  }

  /// How many tokens the inputs of all pairs begin with in common.
  func sharedLength(_ group: [TokenPair]) -> Int {
    guard let first = group.first?.input(model.window) else { return 0 }
    return group.dropFirst().reduce(first.count) { common, pair in
      zip(first.prefix(common), pair.input(model.window)).prefix { $0 == $1 }.count
    }
  }

  /// Each sequence read as a whole, padded at the right to the longest: the plain way, and the measure of the other.
  func scoreWhole(_ pairs: [TokenPair]) -> [Likelihood] {
    let inputs = pairs.map { $0.input(model.window) }
    let length = inputs.map(\.count).max() ?? 0
    let decoder = model.engine.model
    return withoutGradients {
      let padded = inputs.flatMap { $0.map(Int64.init) + [Int64](repeating: 0, count: length - $0.count) }
      let ids = Tensor(padded, shape: [pairs.count, length]).to(on: decoder.parameters.all[0].value.device)
      let hidden = decoder.hidden(ids)
      return pairs.indices.map { row in
        var likelihood = Likelihood()
        let continuation = pairs[row].continuation
        let first = inputs[row].count - continuation.count
        let wanted = hidden.selected(0, row).narrowed(0, from: first, length: continuation.count)
        LogitSlices.forEach(decoder, decoder.normalise(wanted), LogitSlices.elements) { logits, done in
          likelihood.add(logits, continuation[done..<done + logits.size(0)])
        }
        return likelihood
      }
    }
  }

  /// What all pairs begin with is read once, and each goes on from a copy of that state.
  /// - Returns: tokens read.
  func scoreShared(_ group: [TokenPair], _ common: Int, _ results: inout [Likelihood]) -> Int {
    let inputs = group.map { $0.input(model.window) }
    let firsts = zip(inputs, group).map { $0.count - $1.continuation.count }
    let state = model.engine.emptyState()
    var tokens = common
    model.read(inputs[0].prefix(common), state, from: firsts.min() ?? 0) { logits, place in
      for index in group.indices {
        let from = max(place, firsts[index])
        let end = place + logits.size(0)
        guard from < end else { continue }
        let targets = group[index].continuation[from - firsts[index]..<end - firsts[index]]
        results[index].add(logits.narrowed(0, from: from - place, length: end - from), targets)
      }
    }
    for index in group.indices {
      let rest = inputs[index].dropFirst(common)
      let isLast = index == group.count - 1
      guard !rest.isEmpty else { continue }
      model.read(rest, isLast ? state : state.copy(), from: max(0, firsts[index] - common)) { logits, place in
        let from = common + place - firsts[index]
        results[index].add(logits, group[index].continuation[from..<from + logits.size(0)])
      }
      tokens += rest.count
    }
    return tokens
  }
}
