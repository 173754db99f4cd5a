extension Recipe {
  /// Every key in declaration order as YAML. Loading it gives an equal recipe.
  public var yaml: String {
    var text = ""
    var group = ""
    for key in RecipeKey.all {
      if key.group != group {
        group = key.group
        text += "\n\(group):\n"
      }
      text += (group.isEmpty ? "" : "  ") + "\(key.leaf): \(key.text(self))\n"
    }
    return text
  }

  /// Sixteen hexadecimal digits that differ when any setting that decides the run's numbers differs.
  ///
  /// The 64-bit FNV-1a hash of those settings. Name, device, threads, checkpoint intervals and tasks at the end do not count.
  public var fingerprint: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for key in RecipeKey.all where key.decidesResult {
      for byte in "\(key.name)=\(key.text(self))\n".utf8 {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
