extension StringProtocol {
  /// Columns of a terminal that the text takes: 2 for East Asian wide characters and emoji, 0 for combining ones.
  var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

  /// The longest beginning that fits into `columns`.
  func fitted(to columns: Int) -> String {
    var width = 0
    var text = ""
    for character in self {
      width += character.displayWidth
      if width > columns { break }
      text.append(character)
    }
    return text
  }
}

extension Character {
  fileprivate var displayWidth: Int {
    guard let scalar = unicodeScalars.first else { return 0 }
    if scalar.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}") { return 2 }
    switch scalar.properties.generalCategory {
    case .control, .format, .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
