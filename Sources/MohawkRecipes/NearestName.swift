/// Finds the name that a misspelt one was meant to be.
public enum NearestName {
  /// “did you mean …?”, or `nil` when nothing is near.
  public static func hint(_ name: String, among names: [String]) -> String? {
    nearest(name, among: names).map { "did you mean \($0)?" }
  }

  /// The entry of `names` with the smallest edit distance to `name`, if that is small for its length.
  ///
  /// A name without dots is also compared with the last parts of dotted names.
  public static func nearest(_ name: String, among names: [String]) -> String? {
    guard name.utf8.count <= 100 else { return nil }
    let wanted = Array(name.lowercased().utf8)
    var best: (name: String, distance: Int)?
    for candidate in names {
      var distance = editDistance(wanted, Array(candidate.lowercased().utf8))
      if !name.contains("."), let dot = candidate.lastIndex(of: ".") {
        let leaf = candidate[candidate.index(after: dot)...]
        distance = min(distance, editDistance(wanted, Array(leaf.lowercased().utf8)))
      }
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(1, wanted.count / 3) else { return nil }
    return best.name
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
  static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], beforeLast[j - 2] + 1) }
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
