import Foundation

/// A date and a time of day as the calendar shows them, for `strftime_now`.
struct JinjaTime: Sendable {
  var year, month, day, hour, minute, second: Int
  /// Days since Sunday, and since the first of January.
  var weekday, dayOfYear: Int

  /// What the clock on the wall shows at `date`.
  init(_ date: Date) {
    var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
    var parts = tm()
    localtime_r(&seconds, &parts)
    year = Int(parts.tm_year) + 1900
    month = Int(parts.tm_mon) + 1
    day = Int(parts.tm_mday)
    hour = Int(parts.tm_hour)
    minute = Int(parts.tm_min)
    second = Int(parts.tm_sec)
    weekday = Int(parts.tm_wday)
    dayOfYear = Int(parts.tm_yday)
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  /// The text of C's `strftime` in the C locale.
  /// - Throws: when the format has a letter that is not known here.
  func formatted(_ format: [UInt8]) throws -> [UInt8] {
    var text: [UInt8] = []
    var index = 0
    while index < format.count {
      guard format[index] == UInt8(ascii: "%") else {
        text.append(format[index])
        index += 1
        continue
      }
      let isBare = index + 1 < format.count && format[index + 1] == UInt8(ascii: "-")
      index += isBare ? 2 : 1
      guard index < format.count, format[index] < 0x80,
        let part = part(Character(Unicode.Scalar(format[index])), isBare)
      else { throw JinjaFault.unsupported("an unusual format of `strftime_now`") }
      text += part.utf8
      index += 1
    }
    return text
  }

  private func part(_ letter: Character, _ isBare: Bool) -> String? {
    func padded(_ value: Int, _ width: Int = 2, with filler: String = "0") -> String {
      let digits = "\(value)"
      return isBare ? digits : String(repeating: filler, count: max(0, width - digits.count)) + digits
    }
    switch letter {
    case "d": return padded(day)
    case "e": return padded(day, with: " ")
    case "m": return padded(month)
    case "y": return padded(year % 100)
    case "H": return padded(hour)
    case "I": return padded((hour + 11) % 12 + 1)
    case "M": return padded(minute)
    case "S": return padded(second)
    case "j": return padded(dayOfYear + 1, 3)
    case _ where isBare: return nil
    case "Y": return "\(year)"
    case "B": return Self.months[month - 1]
    case "b", "h": return String(Self.months[month - 1].prefix(3))
    case "A": return Self.days[weekday]
    case "a": return String(Self.days[weekday].prefix(3))
    case "p": return hour < 12 ? "AM" : "PM"
    case "F": return "\(year)-\(padded(month))-\(padded(day))"
    case "T": return "\(padded(hour)):\(padded(minute)):\(padded(second))"
    case "%": return "%"
    default: return nil
    }
  }
}
