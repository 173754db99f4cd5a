/// Reads the subset of Oniguruma's syntax that ``TextPattern`` supports.
struct TextPatternParser {
  /// Deeper groups are refused.
  private static let deepest = 32
  /// Longer repetitions are refused, since they are unrolled.
  private static let mostRepeats = 256

  private let scalars: [UInt32]
  private var offset = 0
  private var depth = 0

  init(_ source: String) { scalars = source.unicodeScalars.map(\.value) }

  mutating func pattern() throws -> TextPattern.Node {
    let node = try alternatives(ignoresCase: false)
    if offset < scalars.count { throw fault("')' stands alone") }
    return node
  }

  private mutating func alternatives(ignoresCase: Bool) throws -> TextPattern.Node {
    var choices = [try sequence(ignoresCase: ignoresCase)]
    while take("|") { choices.append(try sequence(ignoresCase: ignoresCase)) }
    return choices.count == 1 ? choices[0] : .alternatives(choices)
  }

  private mutating func sequence(ignoresCase: Bool) throws -> TextPattern.Node {
    var parts: [TextPattern.Node] = []
    var letters: [UInt32] = []
    while let next = peek, next != "|", next != ")" {
      let start = offset
      let atom = try atom(ignoresCase: ignoresCase)
      parts.append(try quantified(atom))
      if ignoresCase {
        letters.append(scalars[start])
        try checkFolding(letters)
      }
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func atom(ignoresCase: Bool) throws -> TextPattern.Node {
    guard let next = peek else { throw fault("the pattern ends too early") }
    switch next {
    case "(": return try group(ignoresCase: ignoresCase)
    case "[":
      return .set(try characterClass(ignoresCase: ignoresCase))
    case "\\": return .set(try escape(inClass: false, ignoresCase: ignoresCase))
    case ".":
      offset += 1
      var set = ScalarSet(0x0A)
      set.invert()
      return .set(set)
    case "$":
      offset += 1
      return .lineEnd
    case "^", "*", "+", "?", "{", "}", "]": throw fault("'\(next)' is not supported here")
    default:
      offset += 1
      return .set(try literal(next.value, ignoresCase: ignoresCase))
    }
  }

  private mutating func group(ignoresCase: Bool) throws -> TextPattern.Node {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw fault("groups are nested more than \(Self.deepest) deep") }
    offset += 1
    var node: TextPattern.Node
    if take("?") {
      if take(":") {
        node = try alternatives(ignoresCase: ignoresCase)
      } else if take("i:") {
        node = try alternatives(ignoresCase: true)
      } else if take("=") || take("!") {
        let negative = scalars[offset - 1] == 0x21
        node = .lookAhead(try alternatives(ignoresCase: ignoresCase), negative: negative)
      } else {
        throw fault("this kind of group is not supported")
      }
    } else {
      node = try alternatives(ignoresCase: ignoresCase)
    }
    guard take(")") else { throw fault("')' is missing") }
    return node
  }

  private mutating func quantified(_ atom: TextPattern.Node) throws -> TextPattern.Node {
    var node = atom
    while let next = peek {
      var bounds: (Int, Int)
      var isInterval = false
      switch next {
      case "?": bounds = (0, 1)
      case "*": bounds = (0, .max)
      case "+": bounds = (1, .max)
      case "{":
        bounds = try interval()
        isInterval = true
      default: return node
      }
      if !isInterval { offset += 1 }
      if peek == "?" { throw fault("a quantifier that takes as little as possible is not supported") }
      // After an interval Oniguruma reads '+' as one more quantifier.
      let possessive = !isInterval && take("+")
      if node.canBeEmpty { throw fault("a repetition of what can be empty is not supported") }
      if bounds.1 == .max, node.isUnbounded { throw fault("an endless repetition in another one is not supported") }
      node = .repeated(node, least: bounds.0, most: bounds.1, possessive: possessive)
    }
    return node
  }

  /// `{m}`, `{m,}`, `{,n}` or `{m,n}`.
  private mutating func interval() throws -> (Int, Int) {
    offset += 1
    let least = number()
    let isRange = take(",")
    let most = isRange ? number() : least
    guard take("}"), least != nil || most != nil else { throw fault("this repetition is not supported") }
    let low = least ?? 0
    let high = most ?? .max
    guard low <= Self.mostRepeats, high == .max || high <= Self.mostRepeats, low <= high, high > 0 else {
      throw fault("a repetition of more than \(Self.mostRepeats) is not supported")
    }
    return (low, high)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let next = peek, ("0"..."9").contains(next), (value ?? 0) < 100_000 {
      value = (value ?? 0) * 10 + Int(next.value - 0x30)
      offset += 1
    }
    return value
  }
}

extension TextPatternParser {
  /// `[…]`, also with classes inside, `&&`, and in a group that ignores case.
  private mutating func characterClass(ignoresCase: Bool, depth: Int = 0) throws -> ScalarSet {
    if depth > Self.deepest { throw fault("classes are nested more than \(Self.deepest) deep") }
    offset += 1
    let isInverted = take("^")
    if peek == "]" { throw fault("an empty class is not supported") }
    var set = try classUnion(ignoresCase: ignoresCase, isInverted: isInverted, depth: depth)
    while take("&&") {
      set.formIntersection(try classUnion(ignoresCase: ignoresCase, isInverted: isInverted, depth: depth))
    }
    guard take("]") else { throw fault("']' is missing") }
    if isInverted { set.invert() }
    return set
  }

  /// What stands in a class between its brackets and `&&`.
  private mutating func classUnion(ignoresCase: Bool, isInverted: Bool, depth: Int) throws -> ScalarSet {
    var set = ScalarSet()
    while let next = peek, next != "]" {
      if next == "&", offset + 1 < scalars.count, scalars[offset + 1] == 0x26 { break }
      if next == "[" {
        if offset + 1 < scalars.count, scalars[offset + 1] == 0x3A { throw fault("a POSIX bracket is not supported") }
        set.formUnion(try characterClass(ignoresCase: ignoresCase, depth: depth + 1))
        continue
      }
      if next == "\\", let named = try property() {
        if ignoresCase { try checkCase(named, isInverted: isInverted, &set) }
        set.formUnion(named.set)
        continue
      }
      let low = try classScalar()
      // A hyphen before the closing bracket stands for itself.
      guard peek == "-", offset + 1 < scalars.count, scalars[offset + 1] != 0x5D else {
        set.formUnion(try folded(low...low, ignoresCase: ignoresCase))
        continue
      }
      offset += 1
      if peek == "[" { throw fault("a class at the end of a range is not supported") }
      let high = try classScalar()
      guard low <= high else { throw fault("a range in a class runs backwards") }
      set.formUnion(try folded(low...high, ignoresCase: ignoresCase))
    }
    return set
  }

  /// A range, without regard to case where that is asked for.
  private func folded(_ range: ClosedRange<UInt32>, ignoresCase: Bool) throws -> ScalarSet {
    var set = ScalarSet()
    set.insert(range)
    guard ignoresCase else { return set }
    for scalar in range where scalar < 0x80 { set.formUnion(try literal(scalar, ignoresCase: true)) }
    if range.upperBound >= 0x80,
      (max(range.lowerBound, 0x80)...range.upperBound).contains(where: CharacterChanges.hasCase)
    {
      throw fault("a letter beyond ASCII in a group that ignores case is not supported")
    }
    return set
  }

  /// Refuses sets that more characters would belong to without regard to case, but for letters that a class leaves out.
  private func checkCase(_ named: (set: ScalarSet, name: String), isInverted: Bool, _ set: inout ScalarSet) throws {
    if ["s", "S", "d", "D"].contains(named.name) { return }
    if let first = named.name.first, "NPSZC".contains(first), named.name.count <= 2 { return }
    if named.name == "L", isInverted { return set.insert(0x345...0x345) }  // U+0345 is a mark that equals a letter
    guard let ranges = CharacterSets.ranges(named: named.name),
      !ranges.contains(where: { $0.contains(where: CharacterChanges.hasCase) })
    else { throw fault("\\p{\(named.name)} in a class in a group that ignores case is not supported") }
  }

  private mutating func classScalar() throws -> UInt32 {
    guard let next = peek else { throw fault("']' is missing") }
    if next == "\\" { return try escapedScalar() }
    offset += 1
    return next.value
  }

  private mutating func escape(inClass: Bool, ignoresCase: Bool) throws -> ScalarSet {
    if let named = try property() { return named.set }
    return try literal(try escapedScalar(), ignoresCase: ignoresCase)
  }

  /// `\s`, `\S`, `\d`, `\D`, `\w`, `\W`, `\p{..}` or `\P{..}` with its name; nil when something else follows.
  private mutating func property() throws -> (set: ScalarSet, name: String)? {
    guard offset + 1 < scalars.count, let kind = Unicode.Scalar(scalars[offset + 1]) else { return nil }
    let mask = CharacterProperties.categoryMask
    switch kind {
    case "s", "S":
      offset += 2
      return (ScalarSet { ($0 & CharacterProperties.spaceBit != 0) == (kind == "s") }, "\(kind)")
    case "d", "D":
      offset += 2
      let digits = CharacterProperties.categories(named: "Nd")!
      return (ScalarSet { (digits >> UInt32($0 & mask) & 1 != 0) == (kind == "d") }, "\(kind)")
    case "w", "W":
      offset += 2
      return (Self.named(CharacterSets.ranges(named: "Word")!, isNegated: kind == "W"), "Word")
    case "p", "P":
      offset += 2
      guard take("{") else { throw fault("'{' is missing after \\\(kind)") }
      let isNegated = take("^") != (kind == "P")
      var name = ""
      while let next = peek, next != "}", name.utf8.count < 40 {
        name.unicodeScalars.append(next)
        offset += 1
      }
      guard take("}") else { throw fault("the property \"\(name)\" is not supported") }
      if let category = CharacterSets.category(named: name), let bits = CharacterProperties.categories(named: category)
      {
        return (ScalarSet { (bits >> UInt32($0 & mask) & 1 != 0) != isNegated }, isNegated ? "^" + category : category)
      }
      guard let ranges = CharacterSets.ranges(named: name) else {
        throw fault("the property \"\(name)\" is not supported")
      }
      return (Self.named(ranges, isNegated: isNegated), isNegated ? "^" + name : name)
    default: return nil
    }
  }

  private static func named(_ ranges: [ClosedRange<UInt32>], isNegated: Bool) -> ScalarSet {
    var set = ScalarSet()
    set.insert(ranges)
    if isNegated { set.invert() }
    return set
  }

  private mutating func escapedScalar() throws -> UInt32 {
    offset += 1
    guard let next = peek else { throw fault("the pattern ends with a backslash") }
    offset += 1
    switch next {
    case "n": return 0x0A
    case "r": return 0x0D
    case "t": return 0x09
    case "f": return 0x0C
    case "x", "u": return try hexadecimal(next)
    default:
      let isSign = next.value < 0x80 && !next.properties.isAlphabetic && !("0"..."9").contains(next)
      guard isSign, next.value > 0x20 else { throw fault("\\\(next) is not supported") }
      return next.value
    }
  }

  private mutating func hexadecimal(_ kind: Unicode.Scalar) throws -> UInt32 {
    let isBraced = kind == "x" && take("{")
    let length = isBraced ? 6 : kind == "x" ? 2 : 4
    var value: UInt32 = 0
    var count = 0
    while count < length, let digit = peek?.properties.isASCIIHexDigit == true ? peek : nil {
      value = value << 4 | UInt32(String(digit), radix: 16)!
      offset += 1
      count += 1
    }
    guard count > 0, isBraced ? take("}") : count == length, Unicode.Scalar(value) != nil else {
      throw fault("a character's number is not understood")
    }
    return value
  }

  private func literal(_ scalar: UInt32, ignoresCase: Bool) throws -> ScalarSet {
    var set = ScalarSet(scalar)
    guard ignoresCase else { return set }
    guard scalar < 0x80 else { throw fault("a letter beyond ASCII in a group that ignores case is not supported") }
    let lower = scalar | 0x20
    guard lower >= 0x61, lower <= 0x7A else { return set }
    set.insert(lower...lower)
    set.insert(lower & ~0x20...lower & ~0x20)
    // The long s and the Kelvin sign are the only others that fold to ASCII letters.
    if lower == 0x73 { set.insert(0x17F...0x17F) }
    if lower == 0x6B { set.insert(0x212A...0x212A) }
    return set
  }

  /// Without case, two letters can equal one character (`ss` and `ß`), which sets cannot express.
  private func checkFolding(_ letters: [UInt32]) throws {
    let pair = letters.suffix(2).map { $0 | 0x20 }
    let folded: [[UInt32]] = ["ss", "st", "ff", "fi", "fl"].map { $0.unicodeScalars.map(\.value) }
    if folded.contains(pair) { throw fault("these letters in a group that ignores case are not supported") }
  }

  private var peek: Unicode.Scalar? { offset < scalars.count ? Unicode.Scalar(scalars[offset]) : nil }

  private mutating func take(_ text: String) -> Bool {
    let wanted = text.unicodeScalars.map(\.value)
    guard scalars[offset...].starts(with: wanted) else { return false }
    offset += wanted.count
    return true
  }

  private func fault(_ message: String) -> TextPatternFault {
    TextPatternFault(message: "\(message) (character \(offset))")
  }
}

extension TextPattern.Node {
  /// Whether it holds a repetition without end, one that gives back what it took.
  var isUnbounded: Bool {
    switch self {
    case .set, .lineEnd, .lookAhead: false
    case .sequence(let parts): parts.contains(where: \.isUnbounded)
    case .alternatives(let choices): choices.contains(where: \.isUnbounded)
    case .repeated(let inner, _, let most, let possessive): !possessive && (most == .max || inner.isUnbounded)
    }
  }

  /// How many instructions it becomes.
  var size: Double {
    switch self {
    case .set, .lineEnd, .repeated(.set, _, _, _): 1
    case .sequence(let parts): parts.reduce(0) { $0 + $1.size }
    case .alternatives(let choices): choices.reduce(0) { $0 + $1.size + 2 }
    case .lookAhead(let inner, _): inner.size + 2
    case .repeated(let inner, let least, let most, _): (inner.size + 2) * Double(most == .max ? least + 1 : most)
    }
  }
}
