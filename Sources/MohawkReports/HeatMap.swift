import Foundation

/// A causal matrix as a picture.
public struct HeatMap {
  /// How values become lightness. Roots and logarithms lift the small entries of attention rows out of the dark.
  public enum Scaling: String, Sendable, CaseIterable {
    /// Of the magnitude itself, its root, or its logarithm.
    case linear, squareRoot, logarithmic
  }

  /// What the colours mean.
  public enum Colours: Sendable {
    /// Entries of a mixing matrix: dark zero, positive to yellow, negative to pink.
    case matrix
    /// Differences: transparent zero, positive red, negative blue.
    case difference
  }

  /// Rows and columns.
  public var size: Int
  /// Row-major, `size * size`.
  public var values: [Float]
  /// How values become lightness.
  public var scaling: Scaling
  /// What the colours mean.
  public var colours: Colours
  /// The magnitude that has the full colour.
  public var limit: Float

  /// - Parameters:
  ///   - size: rows and columns.
  ///   - values: row-major, `size * size`.
  ///   - scaling: how values become lightness.
  ///   - colours: what the colours mean.
  ///   - limit: `nil` means the largest finite magnitude on and below the diagonal.
  public init(
    size: Int, values: [Float], scaling: Scaling = .squareRoot, colours: Colours = .matrix, limit: Float? = nil
  ) {
    precondition(size > 0 && values.count == size * size, "\(values.count) values do not fill \(size) rows")
    self.size = size
    self.values = values
    self.scaling = scaling
    self.colours = colours
    self.limit = limit ?? Self.largest(values, size)
  }

  /// The largest finite magnitude on and below the diagonal.
  static func largest(_ values: [Float], _ size: Int) -> Float {
    var largest: Float = 0
    for row in 0..<size {
      for value in values[row * size...row * size + row] where value.isFinite { largest = max(largest, abs(value)) }
    }
    return largest
  }

  /// The picture as a PNG file. Above the diagonal it is transparent; what is not finite is grey.
  public var png: [UInt8] { png(scale: 1) }

  /// The same with `scale` × `scale` points for every entry.
  public func png(scale: Int) -> [UInt8] {
    // 0 transparent, 1 grey, 2…128 zero and positive, 129…255 negative.
    var palette = [PNG.Colour(red: 0, green: 0, blue: 0, alpha: 0), PNG.Colour(red: 128, green: 128, blue: 128)]
    for level in 0..<127 {
      let fraction = Double(level) / 126
      palette.append(colours == .matrix ? ColourMap.rising(fraction) : ColourMap.difference(fraction))
    }
    for level in 0..<127 {
      let fraction = Double(level + 1) / 127
      palette.append(colours == .matrix ? ColourMap.falling(fraction) : ColourMap.difference(-fraction))
    }
    var pixels = [UInt8](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0...row { pixels[row * size + column] = index(values[row * size + column]) }
    }
    if scale == 1 { return PNG.encode(width: size, height: size, pixels: pixels, palette: palette) }
    let wide = (0..<size * scale).flatMap { row in
      (0..<size * scale).map { pixels[row / scale * size + $0 / scale] }
    }
    return PNG.encode(width: size * scale, height: size * scale, pixels: wide, palette: palette)
  }

  /// The picture as a `data:` address.
  public var dataAddress: String { "data:image/png;base64," + Data(png).base64EncodedString() }

  private func index(_ value: Float) -> UInt8 {
    guard value.isFinite else { return 1 }
    let level = Int((brightness(value) * 126).rounded())
    return UInt8(value < 0 && level > 0 ? 128 + level : 2 + level)
  }

  /// How strong the colour of a finite value is, 0 to 1.
  func brightness(_ value: Float) -> Double {
    let fraction = limit > 0 ? Double(min(abs(value) / limit, 1)) : 0
    return switch scaling {
    case .linear: fraction
    case .squareRoot: fraction.squareRoot()
    case .logarithmic: max(0, 1 + log10(max(fraction, 1e-4)) / 4)
    }
  }
}
