import Foundation

/// Colours whose lightness grows evenly with the value, computed in OKLCh (Ottosson 2020).
enum ColourMap {
  /// Zero is dark violet; positive values rise over teal to yellow. `fraction` from 0 to 1.
  static func rising(_ fraction: Double) -> PNG.Colour {
    // Hue turns from violet (300°) to yellow (105°) while lightness rises; chroma is as large as sRGB allows here.
    let lightness = 0.24 + 0.68 * fraction
    return colour(lightness, 0.10 + 0.06 * fraction, 300 - 195 * fraction)
  }

  /// Negative values: the same lightness, over magenta to pink.
  static func falling(_ fraction: Double) -> PNG.Colour {
    let lightness = 0.24 + 0.60 * fraction
    return colour(lightness, 0.10 + 0.12 * sin(.pi * min(fraction, 0.75)), 300 + 80 * fraction)
  }

  /// Differences, from −1 (blue) over nothing at all (transparent) to 1 (red).
  static func difference(_ value: Double) -> PNG.Colour {
    var shade = colour(0.62 - 0.08 * abs(value), 0.19, value < 0 ? 255 : 28)
    shade.alpha = UInt8((255 * min(1, abs(value))).rounded())
    return shade
  }

  /// The sRGB colour of an OKLCh one; chroma shrinks until it fits.
  private static func colour(_ lightness: Double, _ chroma: Double, _ hue: Double) -> PNG.Colour {
    var chroma = chroma
    while true {
      let a = chroma * cos(hue * .pi / 180)
      let b = chroma * sin(hue * .pi / 180)
      let l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3)
      let m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3)
      let s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3)
      let linear = [
        4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
      ]
      if chroma < 0.005 || linear.allSatisfy({ (-1e-4...1.0001).contains($0) }) {
        let bytes = linear.map { value -> UInt8 in
          let value = min(max(value, 0), 1)
          let encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055
          return UInt8((encoded * 255).rounded())
        }
        return PNG.Colour(red: bytes[0], green: bytes[1], blue: bytes[2])
      }
      chroma *= 0.95
    }
  }
}
