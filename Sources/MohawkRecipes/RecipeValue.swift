import Foundation
import Yams

/// A type that one recipe key can hold.
protocol RecipeValue: Equatable, Sendable {
  /// What a reader may write, for error messages.
  static var expectation: String { get }
  /// The value written in `node`, or `nil` when it is something else.
  init?(recipe node: Node)
  /// The value as YAML; reading it gives the same value.
  var yaml: String { get }
}

extension Int: RecipeValue {
  static var expectation: String { "a whole number such as 4096, 3_000_000, 512k, 10M, 2.76B or 2^15" }

  init?(recipe node: Node) {
    guard let text = node.scalar?.string else { return nil }
    self.init(count: text)
  }

  /// A whole number as recipes have it: with optional `_`, exponent, power (`2^15`) or a `k`, `M`, `B` behind it.
  public init?(count text: String) {
    let digits = text.replacingOccurrences(of: "_", with: "")
    guard digits.utf8.count <= 40 else { return nil }
    // The bound leaves room for sums and products of counts.
    if let number = Int(digits) {
      guard number.magnitude <= 1_000_000_000_000_000_000 else { return nil }
      self = number
      return
    }
    if let caret = digits.firstIndex(of: "^") {
      guard let base = Int(digits[..<caret]), let power = Int(digits[digits.index(after: caret)...]), power >= 0
      else { return nil }
      var product = 1
      for _ in 0..<Swift.min(power, 64) {
        let (next, overflow) = product.multipliedReportingOverflow(by: base)
        if overflow { return nil }
        product = next
      }
      guard power <= 64, product.magnitude <= 1_000_000_000_000_000_000 else { return nil }
      self = product
      return
    }
    let scales: [Character: Decimal] = ["k": 1000, "K": 1000, "M": 1_000_000, "B": 1_000_000_000, "G": 1_000_000_000]
    let scale = digits.last.flatMap { scales[$0] }
    let mantissa = scale == nil ? digits : String(digits.dropLast())
    // The pattern is checked first because Decimal reads the number at the start of any text.
    guard Double(mantissa) != nil, mantissa.allSatisfy({ "0123456789.eE+-".contains($0) }),
      let decimal = Decimal(string: mantissa, locale: Locale(identifier: "en_US_POSIX"))
    else { return nil }
    let value = decimal * (scale ?? 1)
    guard abs(value) < Decimal(1_000_000_000_000_000_000), let number = Int("\(value)") else { return nil }
    self = number
  }

  var yaml: String { description }
}

extension UInt64: RecipeValue {
  static var expectation: String { "a whole number, 0 or greater" }

  init?(recipe node: Node) {
    guard let text = node.scalar?.string else { return nil }
    self.init(text.replacingOccurrences(of: "_", with: ""))
  }

  var yaml: String { description }
}

extension Double: RecipeValue {
  static var expectation: String { "a number such as 0.1 or 5e-4" }

  init?(recipe node: Node) {
    guard let text = node.scalar?.string.replacingOccurrences(of: "_", with: "") else { return nil }
    // Double(_:) also reads hexadecimal, `nan` and `inf`, which no recipe means.
    guard text.allSatisfy({ "0123456789.eE+-".contains($0) }), let number = Double(text), number.isFinite
    else { return nil }
    self = number
  }

  var yaml: String { description }
}

extension Bool: RecipeValue {
  static var expectation: String { "true or false" }

  init?(recipe node: Node) {
    switch node.scalar?.string {
    case "true", "True", "yes", "on": self = true
    case "false", "False", "no", "off": self = false
    default: return nil
    }
  }

  var yaml: String { description }
}

extension String: RecipeValue {
  static var expectation: String { "text" }

  init?(recipe node: Node) {
    guard let scalar = node.scalar, !scalar.isNull else { return nil }
    self = scalar.string
  }

  /// Plain when YAML cannot take it for anything else, otherwise quoted.
  var yaml: String {
    let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
    if let first, first.isASCII, first.isLetter || first == "/", allSatisfy(plain.contains),
      !words.contains(lowercased())
    {
      return self
    }
    var quoted = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _
      where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{FEFF}"
        || scalar == "\u{2028}" || scalar == "\u{2029}" || (0xFFFE...0xFFFF).contains(scalar.value):
        quoted += String(format: "\\u%04X", scalar.value)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension Optional: RecipeValue where Wrapped: RecipeValue {
  static var expectation: String { Wrapped.expectation + ", or null" }

  init?(recipe node: Node) {
    if node.scalar?.isNull == true {
      self = .none
    } else if let value = Wrapped(recipe: node) {
      self = .some(value)
    } else {
      return nil
    }
  }

  var yaml: String { self?.yaml ?? "null" }
}

extension Array: RecipeValue where Element: RecipeValue {
  static var expectation: String { "a list, each entry \(Element.expectation)" }

  /// A single value counts as a list of one.
  init?(recipe node: Node) {
    if let sequence = node.sequence {
      let values = sequence.compactMap { Element(recipe: $0) }
      guard values.count == sequence.count else { return nil }
      self = values
    } else if let value = Element(recipe: node) {
      self = [value]
    } else {
      return nil
    }
  }

  var yaml: String { "[" + map(\.yaml).joined(separator: ", ") + "]" }
}

extension StageName: RecipeValue {
  static var expectation: String { "calibration, orientation, alignment or distillation (or 1, 2, 3)" }

  init?(recipe node: Node) {
    guard let text = node.scalar?.string else { return nil }
    self.init(text: text)
  }

  var yaml: String { rawValue }
}

extension RecipeValue where Self: CaseIterable & RawRepresentable, RawValue == String {
  static var expectation: String { allCases.map(\.rawValue).joined(separator: " or ") }

  init?(recipe node: Node) {
    guard let text = node.scalar?.string else { return nil }
    self.init(rawValue: text)
  }

  var yaml: String { rawValue }
}

extension Precision: RecipeValue {}
extension TrainedPart: RecipeValue {}
extension ComparedPart: RecipeValue {}
extension LayerDistance: RecipeValue {}
extension MatrixOptimizer: RecipeValue {}
extension MatrixColumns: RecipeValue {}
extension Divergence: RecipeValue {}
extension LossTokens: RecipeValue {}
extension StudentFrame: RecipeValue {}
extension StudentRecipe.Start: RecipeValue {}

extension StudentRecipe.Mixer: RecipeValue {
  static var expectation: String { "auto, or a kind of mixer such as mamba-2" }

  init?(recipe node: Node) {
    guard let name = String(recipe: node), !name.isEmpty else { return nil }
    self.init(rawValue: name)
  }

  var yaml: String { rawValue.yaml }
}

extension Node.Scalar {
  /// Whether this is YAML's null rather than a quoted word.
  var isNull: Bool {
    style != .singleQuoted && style != .doubleQuoted && ["", "~", "null", "Null", "NULL"].contains(string)
  }
}
