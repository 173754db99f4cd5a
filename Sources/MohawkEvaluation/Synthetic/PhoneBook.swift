import MohawkText

extension RecallFormat {
  /// Looks a number up in a list of names and numbers (after Jelassi et al. 2024). The size counts entries.
  static let phoneBook = RecallFormat(
    name: "phonebook", unit: "entries", sizes: [10, 30], problems: 100, chance: { 1 / Double($0) }
  ) { size, _, source, generator in
    let names = try SyntheticWords.names(size, &generator)
    let lines = names.map { name in
      let number = (0..<7).map { _ in String(generator.next(below: 10)) }.joined()
      return (name: name, number: "\(number.prefix(3))-\(number.suffix(4))")
    }
    let asked = lines[generator.next(below: size)]
    let book = lines.map { "\($0.name): \($0.number)\n" }.joined()
    return source.problem("Phone book\n\n\(book)\nOnce more\n\n\(asked.name):", " \(asked.number)")
  }
}
