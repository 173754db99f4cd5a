import MohawkLayers
import MohawkModels
import MohawkTensor

/// The weights with which each of a student's mixers was nearest to its teacher's on held-out text.
final class BestLayers {
  private let pair: DistillationPair
  /// Tokens [rows, length] that are judged by.
  private let judged: Tensor
  /// For each layer that is compared, its mixer's parameters and their copies.
  private let layers: [Int: [(moving: Parameter, best: Parameter)]]
  /// The smallest error of each layer, [layers], and whether the start has been judged.
  private let errors: Parameter

  /// Larger than any error, and finite, so that a checkpoint can hold it.
  private static let unknown = 1e30

  init(_ pair: DistillationPair, judgedBy judged: Tensor) {
    self.pair = pair
    self.judged = judged
    let count = pair.student.blocks.count
    let kept = pair.keptLayers
    var layers: [Int: [(moving: Parameter, best: Parameter)]] = [:]
    for parameter in pair.moving(.mixer) {
      guard let layer = pair.mixerLayer(of: parameter), !kept.contains(layer) else { continue }
      let best = Parameter(name: "best." + parameter.name, value: parameter.value.detached().copy(), decays: false)
      layers[layer, default: []].append((parameter, best))
    }
    self.layers = layers
    errors = Parameter(name: "best.errors", value: .full([count], Self.unknown, .float64), decays: false)
  }

  /// What a checkpoint must hold of it.
  var saved: [Parameter] { [errors] + layers.keys.sorted().flatMap { layers[$0]!.map(\.best) } }

  /// Whether weights have been judged yet.
  var isEmpty: Bool { layers.keys.contains { errors.value.doubles()[$0] == Self.unknown } }

  /// Judges the weights that the student has now, and keeps those of the layers that have never been nearer.
  /// - Returns: the error ‖student − teacher‖/‖teacher‖ of each layer's output, now and at its best; nil where none is
  ///   compared. A student with windows has the mean of its errors with and without them.
  @discardableResult
  func judge() -> [(now: Double, best: Double)?] {
    withoutGradients {
      var found = outputErrors()
      if let windowSwitch = pair.student.windowSwitch {
        let alone = windowSwitch.with(.off) { outputErrors() }
        found = zip(found, alone).map { with, without in with.flatMap { with in without.map { (with + $0) / 2 } } }
      }
      var best = errors.value.doubles()
      for (layer, parts) in layers {
        // An error that is not a number is never the best one.
        guard let error = found[layer], error < best[layer] else { continue }
        best[layer] = error
        for part in parts { part.best.value.assign(part.moving.value) }
      }
      errors.value.assign(Tensor(best))
      return found.indices.map { layer in found[layer].map { (now: $0, best: best[layer]) } }
    }
  }

  /// Gives every layer its best weights.
  func restore() {
    withoutGradients {
      for parts in layers.values {
        for part in parts { part.moving.value.assign(part.best.value) }
      }
    }
  }

  private func outputErrors() -> [Double?] {
    var errors = [Double?](repeating: nil, count: pair.student.blocks.count)
    LayerWalk.run(pair, judged, .output) { layer, input, target in
      let wanted = StageLosses.wide(target)
      let difference = StageLosses.wide(pair.student.blocks[layer].mixer(input)) - wanted
      let size: Double = wanted.square().sum().item()
      return size > 0 ? (difference.square().sum().item() / size).squareRoot() : 0
    } finish: { layer, error in
      errors[layer] = error
    }
    return errors
  }
}
