/// Sets of characters that regular expressions know by name: scripts such as `Han`, and others such as `Alphabetic`.
///
/// As with ``CharacterProperties`` they come from fixed tables, so that ids are the same on every system.
enum CharacterSets {
  /// The ranges of a set; names are compared without regard to case, `_`, `-` and spaces. Nil for an unknown name.
  static func ranges(named name: String) -> [ClosedRange<UInt32>]? {
    let name = squeezed(name)
    if let borders = borders[longNames[name] ?? name] {
      return stride(from: 0, to: borders.count, by: 2).map {
        borders[$0]...($0 + 1 < borders.count ? borders[$0 + 1] - 1 : 0x10FFFF)
      }
    }
    guard let script = scriptNames.firstIndex(where: { $0.split(separator: " ").contains(name[...]) }) else {
      return nil
    }
    return scriptRuns.indices.filter { scriptRuns[$0] & 0xFF == UInt32(script + 1) }.map {
      scriptRuns[$0] >> 8...($0 + 1 < scriptRuns.count ? (scriptRuns[$0 + 1] >> 8) - 1 : 0x10FFFF)
    }
  }

  /// The short name of a general category, such as `Lu` for `Uppercase_Letter`; nil for another name.
  static func category(named name: String) -> String? { categoryNames[squeezed(name)] }

  private static func squeezed(_ name: String) -> String {
    name.uppercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
  }

  private static let longNames = ["ALPHA": "ALPHABETIC", "UPPER": "UPPERCASE", "LOWER": "LOWERCASE"]

  private static let categoryNames: [String: String] = {
    var names: [String: String] = [:]
    for name in CharacterProperties.categoryNames {
      names[squeezed(name)] = name
      names[squeezed(String(name.prefix(1)))] = String(name.prefix(1))
    }
    let long = [
      "Letter": "L", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
      "Modifier_Letter": "Lm",
      "Other_Letter": "Lo", "Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc", "Enclosing_Mark": "Me",
      "Number": "N", "Decimal_Number": "Nd", "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P",
      "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe",
      "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S",
      "Math_Symbol": "Sm", "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z",
      "Space_Separator": "Zs", "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc",
      "Format": "Cf", "Surrogate": "Cs", "Private_Use": "Co", "Unassigned": "Cn",
    ]
    for (name, short) in long { names[squeezed(name)] = short }
    return names
  }()
}
