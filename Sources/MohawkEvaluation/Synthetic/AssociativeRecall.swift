import MohawkText

extension RecallFormat {
  /// Multi-query associative recall (Arora et al. 2023): pairs of key and value, then every key again in another order,
  /// each followed by its value. The size counts pairs; keys and values are different tokens by chance.
  static let associativeRecall = RecallFormat(
    name: "mqar", unit: "pairs", sizes: [8, 32], problems: 100, chance: { 1 / Double($0) }
  ) { size, _, source, generator in
    let tokens = try source.distinct(2 * size, &generator)
    let (keys, values) = (tokens[..<size], Array(tokens[size...]))
    var ids = source.prefix + zip(keys, values).flatMap { [$0, $1] }
    var answers: [Range<Int>] = []
    for place in distinctPlaces(size, of: size, &generator) {
      ids += [keys[place], values[place]]
      answers.append(ids.count - 1..<ids.count)
    }
    return RecallProblem(ids: ids, answers: answers)
  }
}
