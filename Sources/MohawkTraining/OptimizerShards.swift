/// How the numbers of parameters are divided among ranks. Each keeps the moments of its own numbers alone and moves them.
///
/// Parameters are cut into buckets of neighbours, those of the last layer first, as the backward pass finds their gradients;
/// of each bucket every rank has an equal part. Parameters that are moved as whole matrices are in buckets of their own, whole,
/// each at the rank that has least so far.
struct OptimizerShards {
  /// What travels together: for each rank the pieces that it moves.
  struct Bucket {
    var pieces: [[ParameterPiece]]

    /// Numbers of a rank.
    func count(of rank: Int) -> Int { pieces[rank].reduce(0) { $0 + $1.range.count } }
  }

  /// Numbers of a bucket: 16 MB of gradients.
  static let bucketSize = 1 << 22

  let buckets: [Bucket]

  /// - Parameters:
  ///   - sizes: numbers of each parameter.
  ///   - isWhole: which of them may not be cut.
  ///   - ranks: how many share them.
  ///   - bucketSize: numbers of a bucket.
  init(sizes: [Int], isWhole: [Bool], ranks: Int, bucketSize: Int = Self.bucketSize) {
    var buckets: [Bucket] = []
    var open: [ParameterPiece] = []
    var size = 0
    func close() {
      if size > 0 { buckets.append(Bucket(pieces: (0..<ranks).map { Self.share($0, of: ranks, size, open) })) }
      (open, size) = ([], 0)
    }
    for parameter in sizes.indices.reversed() where !isWhole[parameter] {
      var first = 0
      while first < sizes[parameter] {
        let count = min(sizes[parameter] - first, bucketSize - size)
        open.append(ParameterPiece(parameter: parameter, range: first..<first + count))
        (first, size) = (first + count, size + count)
        if size == bucketSize { close() }
      }
    }
    close()
    var loads = Array(repeating: 0, count: ranks)
    var whole = Bucket(pieces: Array(repeating: [], count: ranks))
    for parameter in sizes.indices.reversed() where isWhole[parameter] {
      let rank = loads.indices.min { loads[$0] < loads[$1] }!
      loads[rank] += sizes[parameter]
      whole.pieces[rank].append(ParameterPiece(parameter: parameter, range: 0..<sizes[parameter]))
      size += sizes[parameter]
      if size >= bucketSize {
        buckets.append(whole)
        (whole, size) = (Bucket(pieces: Array(repeating: [], count: ranks)), 0)
      }
    }
    if size > 0 { buckets.append(whole) }
    self.buckets = buckets
  }

  /// A rank's part of pieces with `size` numbers together.
  private static func share(_ rank: Int, of ranks: Int, _ size: Int, _ pieces: [ParameterPiece]) -> [ParameterPiece] {
    let mine = size * rank / ranks..<size * (rank + 1) / ranks
    var first = 0
    return pieces.compactMap { piece in
      defer { first += piece.range.count }
      let part = mine.clamped(to: first..<first + piece.range.count)
      guard !part.isEmpty else { return nil }
      let start = piece.range.lowerBound - first
      return ParameterPiece(parameter: piece.parameter, range: part.lowerBound + start..<part.upperBound + start)
    }
  }

  /// All that a rank moves, neighbours of one parameter in one piece, in the order of the parameters.
  func pieces(of rank: Int) -> [ParameterPiece] {
    let all = buckets.flatMap { $0.pieces[rank] }.sorted {
      ($0.parameter, $0.range.lowerBound) < ($1.parameter, $1.range.lowerBound)
    }
    return all.reduce(into: []) { joined, piece in
      if let last = joined.last, last.parameter == piece.parameter, last.range.upperBound == piece.range.lowerBound {
        joined[joined.count - 1].range = last.range.lowerBound..<piece.range.upperBound
      } else {
        joined.append(piece)
      }
    }
  }
}
