import MohawkLayers
import MohawkMixers
import MohawkModels

/// The rotary waves of all layers of a model, those that layers share only once, as the native decoder takes them.
struct RotaryWaves {
  /// Radians per position, and what the cosines and sines of each are multiplied by.
  private(set) var frequencies: [Double] = []
  private(set) var magnitudes: [Double] = []
  private var known: [(waves: [Double], magnitude: Double, first: Int)] = []

  /// None.
  init() {}

  /// Those of a model's attention, windows and kept heads.
  init(_ model: Decoder) {
    for block in model.blocks {
      switch block.mixer {
      case let mixer as Attention:
        let shape = mixer.configuration
        add(shape.rotaryDim, shape.rotaryBase, shape.rotaryScaling)
      case let mixer as DiscreteMamba2:
        if let shape = mixer.configuration.window { add(shape.rotaryDim, shape.rotaryBase, shape.rotaryScaling) }
        if let shape = mixer.kept?.attention { add(shape.rotaryDim, shape.rotaryBase, shape.rotaryScaling) }
      default: continue
      }
    }
  }

  private mutating func add(_ dimensions: Int, _ base: Double, _ scaling: RotaryScaling) {
    let waves = scaling.frequencies(dimensions: dimensions, base: base)
    guard place(of: waves, scaling.magnitude) == nil else { return }
    known.append((waves, scaling.magnitude, frequencies.count))
    frequencies += waves
    magnitudes += waves.map { _ in scaling.magnitude }
  }

  private func place(of waves: [Double], _ magnitude: Double) -> Int? {
    known.first { $0.waves == waves && $0.magnitude == magnitude }?.first
  }

  /// Where the waves of a layer begin among all.
  func first(_ dimensions: Int, _ base: Double, _ scaling: RotaryScaling) -> Int64 {
    let waves = scaling.frequencies(dimensions: dimensions, base: base)
    guard let place = place(of: waves, scaling.magnitude) else { preconditionFailure("waves of another model") }
    return Int64(place)
  }
}
