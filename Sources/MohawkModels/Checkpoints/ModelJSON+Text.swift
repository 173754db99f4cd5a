import Foundation

extension ModelJSON {
  /// Python writes `Infinity` and `NaN` as they are, which is no JSON; here they become texts.
  static func withQuotedConstants(_ bytes: UnsafeRawBufferPointer) -> Data {
    var result = Data(capacity: bytes.count + 16)
    var (index, inText) = (0, false)
    while index < bytes.count {
      let byte = bytes[index]
      if inText {
        if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
          result.append(byte)
          index += 1
        } else if byte == UInt8(ascii: "\"") {
          inText = false
        }
      } else if byte == UInt8(ascii: "\"") {
        inText = true
      } else if let word = constant(bytes, at: index) {
        result.append(contentsOf: "\"\(word)\"".utf8)
        index += word.utf8.count
        continue
      }
      result.append(bytes[index])
      index += 1
    }
    return result
  }

  private static func constant(_ bytes: UnsafeRawBufferPointer, at index: Int) -> String? {
    let candidate: String
    switch bytes[index] {
    case UInt8(ascii: "-"): candidate = "-Infinity"
    case UInt8(ascii: "I"): candidate = "Infinity"
    case UInt8(ascii: "N"): candidate = "NaN"
    default: return nil
    }
    return bytes[index...].starts(with: candidate.utf8) ? candidate : nil
  }

  /// The texts of the outermost object, keys and values, in the order in which they stand; of a text that is JSON.
  func outermostTexts() -> [Substring] {
    var result: [Substring] = []
    let bytes = text.utf8
    var (depth, index) = (0, bytes.startIndex)
    while index < bytes.endIndex {
      let byte = bytes[index]
      index = bytes.index(after: index)
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        let start = index
        while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\"") {
          if bytes[index] == UInt8(ascii: "\\") { bytes.formIndex(after: &index) }
          if index < bytes.endIndex { bytes.formIndex(after: &index) }
        }
        if depth == 1 { result.append(text[start..<index]) }
        if index < bytes.endIndex { bytes.formIndex(after: &index) }
      default: break
      }
    }
    return result
  }
}
