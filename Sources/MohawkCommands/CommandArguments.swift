/// The words behind the command's name, as they are parsed.
enum CommandArguments {
  /// Joins negative numbers to their options, as in `--seed=-1`: standing alone, the parser takes them for options.
  static func joined(_ words: some Sequence<String>) -> [String] {
    var result: [String] = []
    var isPlain = false
    for word in words {
      if !isPlain, let last = result.last, last.hasPrefix("--"), last.count > 2, !last.contains("="),
        word.prefixMatch(of: /-\.?[0-9]/) != nil
      {
        result[result.count - 1] = last + "=" + word
      } else {
        isPlain = isPlain || word == "--"
        result.append(word)
      }
    }
    return result
  }
}
