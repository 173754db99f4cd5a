/// The inner loop of byte-pair training: counts of pairs that are kept up to date as words are merged.
struct MergeLearner {
  private struct Candidate {
    let count: Int
    let left: Int32
    let right: Int32
  }

  /// Bytes of each token, from the id `firstByteID` on.
  private(set) var tokens: [[UInt8]]
  private(set) var merges: [(left: Int32, right: Int32)] = []
  private let firstByteID: Int
  private var idsByToken: [[UInt8]: Int32] = [:]
  /// The symbols of all words; word `w` begins at `starts[w]` and has `lengths[w]` of them.
  private var symbols: [Int32] = []
  private var starts: [Int] = []
  private var lengths: [Int32] = []
  private let counts: [Int]
  private let pairs = PairTable(capacity: 1 << 16)
  private var pairCounts: [Int] = []
  /// Words that a pair occurs in, or did.
  private var pairWords: [[Int32]] = []
  private var pairKeys: [UInt64] = []
  /// Pairs whose count rose in the merge at work.
  private var touched: [Int32] = []
  private var isTouched: [Bool] = []
  private var heap = Heap<Candidate> {
    ($1.count, $0.left, $0.right) < ($0.count, $1.left, $1.right)
  }

  init(_ words: WordCounts, firstByteID: Int) {
    self.firstByteID = firstByteID
    tokens = ByteAlphabet.ascending.map { [$0] }
    counts = words.counts
    var idOfByte = [Int32](repeating: 0, count: 256)
    for (index, byte) in ByteAlphabet.ascending.enumerated() {
      idOfByte[Int(byte)] = Int32(firstByteID + index)
      idsByToken[[byte]] = Int32(firstByteID + index)
    }
    symbols.reserveCapacity(words.bytes.count)
    for index in 0..<words.count {
      let word = words.word(index)
      starts.append(symbols.count)
      lengths.append(Int32(word.count))
      for byte in word { symbols.append(idOfByte[Int(byte)]) }
    }
    for word in 0..<words.count {
      let start = starts[word]
      for index in start..<max(start, start + Int(lengths[word]) - 1) {
        change(symbols[index], symbols[index + 1], by: 1, in: word)
      }
    }
    pushTouched()
  }

  /// Merges the most frequent pair everywhere.
  /// - Returns: false when no pair occurs `minimumCount` times.
  mutating func mergeNext(_ minimumCount: Int) -> Bool {
    while let top = heap.pop() {
      let pair = Int(pairs.find(PairTable.key(top.left, top.right))!)
      let count = pairCounts[pair]
      if count == top.count, count >= minimumCount {
        merge(top.left, top.right, pair)
        return true
      }
      // The count fell since the entry was made: put it where it belongs now.
      if count >= minimumCount, count < top.count {
        heap.push(Candidate(count: count, left: top.left, right: top.right))
      }
    }
    return false
  }

  private mutating func merge(_ left: Int32, _ right: Int32, _ pair: Int) {
    let token = tokens[Int(left) - firstByteID] + tokens[Int(right) - firstByteID]
    let merged = idsByToken[token] ?? Int32(firstByteID + tokens.count)
    if idsByToken.updateValue(merged, forKey: token) == nil { tokens.append(token) }
    merges.append((left, right))
    let words = pairWords[pair]
    pairWords[pair] = []
    for word in words { merge(left, right, into: merged, in: Int(word)) }
    pairCounts[pair] = 0
    pushTouched()
  }

  /// Replaces the pair in one word, from left to right.
  private mutating func merge(_ left: Int32, _ right: Int32, into merged: Int32, in word: Int) {
    let start = starts[word]
    let length = Int(lengths[word])
    var kept = 0
    var index = 0
    while index < length {
      let symbol = symbols[start + index]
      if symbol == left, index + 1 < length, symbols[start + index + 1] == right {
        if kept > 0 {
          let before = symbols[start + kept - 1]
          change(before, left, by: -1, in: word)
          change(before, merged, by: 1, in: word)
        }
        if index + 2 < length {
          let after = symbols[start + index + 2]
          change(right, after, by: -1, in: word)
          change(merged, after, by: 1, in: word)
        }
        symbols[start + kept] = merged
        index += 2
      } else {
        symbols[start + kept] = symbol
        index += 1
      }
      kept += 1
    }
    lengths[word] = Int32(kept)
  }

  /// Counts a pair up or down by the number of times its word occurs.
  private mutating func change(_ left: Int32, _ right: Int32, by sign: Int, in word: Int) {
    let key = PairTable.key(left, right)
    var pair = pairCounts.count
    if let known = pairs.find(key) {
      pair = Int(known)
    } else {
      pairs.set(key, UInt64(pair))
      pairCounts.append(0)
      pairWords.append([])
      pairKeys.append(key)
      isTouched.append(false)
    }
    pairCounts[pair] += sign * counts[word]
    guard sign > 0 else { return }
    if pairWords[pair].last != Int32(word) { pairWords[pair].append(Int32(word)) }
    if !isTouched[pair] {
      isTouched[pair] = true
      touched.append(Int32(pair))
    }
  }

  /// Enters the pairs that became more frequent.
  private mutating func pushTouched() {
    for pair in touched {
      let key = pairKeys[Int(pair)]
      isTouched[Int(pair)] = false
      guard pairCounts[Int(pair)] > 0 else { continue }
      heap.push(
        Candidate(
          count: pairCounts[Int(pair)], left: Int32(truncatingIfNeeded: key >> 32),
          right: Int32(truncatingIfNeeded: key)))
    }
    touched = []
  }
}
