import Foundation
import MohawkFiles

extension ModelJSON {
  /// Writes an object with sorted keys.
  ///
  /// Numbers with a fraction keep their point: readers that check types tell 1.0 from 1.
  public static func write(_ object: [String: Any], to path: String) throws {
    try AtomicFile.write(text(object, indent: "") + "\n", to: path)
  }

  private static func text(_ value: Any, indent: String) -> String {
    let inner = indent + "  "
    func lines(_ parts: [String], _ open: String, _ close: String) -> String {
      parts.isEmpty
        ? open + close : "\(open)\n\(inner)" + parts.joined(separator: ",\n\(inner)") + "\n\(indent)\(close)"
    }
    switch value {
    case let object as [String: Any]:
      let members = object.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(text($0.value, indent: inner))" }
      return lines(members, "{", "}")
    case let list as [Any]: return lines(list.map { text($0, indent: inner) }, "[", "]")
    case let text as String: return quoted(text)
    case is NSNull: return "null"
    default: return number(value)
    }
  }

  private static func number(_ value: Any) -> String {
    if type(of: value) == Bool.self { return "\(value)" }
    if let exact = value as? Int, type(of: value) == Int.self { return "\(exact)" }
    if let exact = value as? Double, type(of: value) == Double.self { return digits(exact) }
    guard let number = value as? NSNumber else { preconditionFailure("\(value) cannot stand in JSON") }
    switch String(cString: number.objCType) {
    case "c", "B": return number.boolValue ? "true" : "false"
    case "d", "f": return digits(number.doubleValue)
    default: return "\(number.int64Value)"
    }
  }

  private static func digits(_ value: Double) -> String {
    precondition(value.isFinite, "\(value) cannot stand in JSON")
    return "\(value)"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
