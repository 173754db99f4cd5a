extension HeatMap {
  /// How a picture looks in a terminal.
  public enum Ink: Sendable {
    /// Half blocks in 24-bit colours: two rows of the picture in a line.
    case colours
    /// A character for each place, from ` ` (0) to `@`; the sign is not shown.
    case characters
  }

  /// The picture as lines of text. Places that stand for several entries show the one of the largest magnitude.
  /// - Parameters:
  ///   - columns: columns at most.
  ///   - ink: how places are drawn; characters are twice as high as wide, so that a line stands for two rows.
  public func lines(columns: Int, _ ink: Ink) -> [String] {
    let side = max(2, min(columns, size))
    let places = pooled(side)
    return stride(from: 0, to: side, by: 2).map { row in
      var line = ""
      for column in 0..<side {
        let (upper, lower) = (places[row * side + column], row + 1 < side ? places[(row + 1) * side + column] : nil)
        switch ink {
        case .characters:
          let shown = [upper, lower].compactMap { $0 }.max { abs($0) < abs($1) }
          line += shown.map(character) ?? " "
        case .colours: line += halfBlock(upper.map(colour), lower.map(colour))
        }
      }
      return ink == .colours ? line + "\u{1B}[0m" : line
    }
  }

  /// The entry of the largest magnitude of each place on or below the diagonal, nil elsewhere.
  private func pooled(_ side: Int) -> [Float?] {
    var places = [Float?](repeating: nil, count: side * side)
    for row in 0..<size {
      for column in 0...row {
        let place = row * side / size * side + column * side / size
        let value = values[row * size + column]
        if places[place].map({ !(abs($0) >= abs(value)) && !$0.isNaN }) ?? true { places[place] = value }
      }
    }
    return places
  }

  private func character(_ value: Float) -> String {
    guard value.isFinite else { return "?" }
    let steps = Array(" .:-=+*#%@")
    return String(steps[Int((brightness(value) * Double(steps.count - 1)).rounded())])
  }

  private func colour(_ value: Float) -> PNG.Colour {
    guard value.isFinite else { return PNG.Colour(red: 128, green: 128, blue: 128) }
    let level = brightness(value)
    switch colours {
    case .matrix: return value < 0 ? ColourMap.falling(level) : ColourMap.rising(level)
    case .difference:
      var shade = ColourMap.difference(value < 0 ? -level : level)
      // Terminals know no transparency: towards black.
      func dimmed(_ part: UInt8) -> UInt8 { UInt8(Int(part) * Int(shade.alpha) / 255) }
      (shade.red, shade.green, shade.blue) = (dimmed(shade.red), dimmed(shade.green), dimmed(shade.blue))
      return shade
    }
  }

  private func halfBlock(_ upper: PNG.Colour?, _ lower: PNG.Colour?) -> String {
    func code(_ colour: PNG.Colour) -> String { "2;\(colour.red);\(colour.green);\(colour.blue)m" }
    switch (upper, lower) {
    case (nil, nil): return "\u{1B}[0m "
    case (let upper?, nil): return "\u{1B}[0m\u{1B}[38;\(code(upper))▀"
    case (nil, let lower?): return "\u{1B}[0m\u{1B}[38;\(code(lower))▄"
    case (let upper?, let lower?): return "\u{1B}[38;\(code(upper))\u{1B}[48;\(code(lower))▀"
    }
  }
}
