extension GGUFTokenizer {
  /// Tokens that are matched in raw text, in ascending order of id.
  ///
  /// Files do not say which of them take in the white space around them. As in llama.cpp, those of Phi-3 do, which are
  /// told by the model's name.
  func added() throws -> [AddedToken] {
    let name = try file.string("general.name")?.lowercased() ?? ""
    let strips = name.contains("phi-3") || name.contains("phi3")
    return tokens.indices.compactMap { id in
      guard [.control, .unknown, .userDefined].contains(kinds[id]) else { return nil }
      return AddedToken(
        id: Int32(id), content: tokens[id],
        stripsRight: strips && !["<unk>", "<s>", "<|endoftext|>"].contains(tokens[id]),
        special: kinds[id] != .userDefined)
    }
  }

  /// Whether a token only fills up a row of the embedding.
  func isFiller(_ id: Int) -> Bool {
    kinds[id] == .unused && tokens[id] == "[PAD\(id)]" && !roles.values.contains(id)
  }
}
