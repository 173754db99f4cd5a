import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkTensor

extension DecoderConfiguration {
  /// How many numbers the parameters of such a model are, without making one.
  public var parameterCount: Double {
    // Of equal layers one is enough.
    var known: [(layer: DecoderLayer, count: Double)] = []
    var shape = self
    func count(_ layers: [DecoderLayer]) -> Double {
      shape.layers = layers
      let counter = ParameterCounter()
      _ = Decoder(shape, ParameterBuild(counter))
      return counter.count
    }
    let bare = count([])
    return layers.reduce(bare) { sum, layer in
      if let equal = known.first(where: { $0.layer == layer }) { return sum + equal.count }
      known.append((layer, count([layer]) - bare))
      return sum + known[known.count - 1].count
    }
  }

  /// Refuses a model whose parameters alone do not fit into the machine's memory.
  /// - Parameters:
  ///   - bytes: of each parameter, with what is kept beside it.
  ///   - memory: of the machine, in bytes.
  ///   - location: what to name in the error.
  public func requireMemory(
    bytesPerParameter bytes: Int = 4, memory: UInt64 = ProcessInfo.processInfo.physicalMemory,
    at location: String? = nil
  ) throws {
    let count = parameterCount
    guard count * Double(bytes) > Double(memory) else { return }
    func gib(_ bytes: Double) -> String { String(format: "%.1f GiB", bytes / 1_073_741_824) }
    throw MohawkError(
      .outOfRange,
      "the model has \(String(format: "%.3g", count)) parameters, which need \(gib(count * Double(bytes))), and this machine "
        + "has \(gib(Double(memory))) of memory", at: location, remedy: "choose a smaller model, or a larger machine")
  }
}

/// Counts the parameters that a model asks for, and has none of them.
private final class ParameterCounter: ParameterSource {
  private(set) var count = 0.0

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    count += request.shape.reduce(1) { $0 * Double($1) }
    return .failure(.missing(key: request.name))
  }
}
