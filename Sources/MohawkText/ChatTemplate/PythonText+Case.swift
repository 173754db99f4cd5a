// Upper and lower case.
extension PythonText {
  static func upper(_ bytes: [UInt8]) -> [UInt8] {
    if isASCII(bytes) { return bytes.map { (0x61...0x7A).contains($0) ? $0 - 32 : $0 } }
    return scalars(bytes).flatMap { Array($0.properties.uppercaseMapping.utf8) }
  }

  static func lower(_ bytes: [UInt8]) -> [UInt8] {
    if isASCII(bytes) { return bytes.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 } }
    let text = scalars(bytes)
    return text.indices.flatMap { lower(text, $0) }
  }

  /// The lower case of one character; a capital sigma that ends a word becomes ς.
  static func lower(_ text: [Unicode.Scalar], _ index: Int) -> [UInt8] {
    guard text[index] == "\u{3A3}" else { return Array(text[index].properties.lowercaseMapping.utf8) }
    let before = text[..<index].last { !$0.properties.isCaseIgnorable }
    let after = text[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    let ends = before?.properties.isCased == true && after?.properties.isCased != true
    return Array((ends ? "ς" : "σ").utf8)
  }

  private static func title(_ scalar: Unicode.Scalar) -> [UInt8] { Array(scalar.properties.titlecaseMapping.utf8) }

  /// `str.capitalize`.
  package static func capitalized(_ bytes: [UInt8]) -> [UInt8] {
    let text = scalars(bytes)
    return text.indices.flatMap { $0 == 0 ? title(text[0]) : lower(text, $0) }
  }

  /// `str.title`: every letter after something that is no letter is a capital.
  static func titled(_ bytes: [UInt8]) -> [UInt8] {
    let text = scalars(bytes)
    var result: [UInt8] = []
    var isInside = false
    for index in text.indices {
      result += isInside ? lower(text, index) : title(text[index])
      isInside = text[index].properties.isCased
    }
    return result
  }

  /// Jinja's filter `title`: capitals after white space and after `-`, `(`, `{`, `[` and `<`.
  static func titledWords(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var word: [Unicode.Scalar] = []
    func finish() {
      if let first = word.first {
        result += upper(Self.bytes([first]))
        result += lower(Self.bytes(word.dropFirst()))
      }
      word = []
    }
    for scalar in scalars(bytes) {
      if isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
        finish()
        result += Self.bytes([scalar])
      } else {
        word.append(scalar)
      }
    }
    finish()
    return result
  }

  /// `str.isupper` and `str.islower`.
  static func isCase(_ bytes: [UInt8], upper: Bool) -> Bool {
    var hasCased = false
    for scalar in scalars(bytes) {
      let category = scalar.properties.generalCategory
      if category == .titlecaseLetter { return false }
      if upper ? scalar.properties.isLowercase : scalar.properties.isUppercase { return false }
      if upper ? scalar.properties.isUppercase : scalar.properties.isLowercase { hasCased = true }
    }
    return hasCased
  }

  /// `str.isalpha`, `isdigit`, `isalnum` and `isspace`: whether there are characters, and all are of the kind.
  static func all(_ bytes: [UInt8], _ isKind: (Unicode.Scalar) -> Bool) -> Bool {
    !bytes.isEmpty && scalars(bytes).allSatisfy(isKind)
  }

  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
  }
}
