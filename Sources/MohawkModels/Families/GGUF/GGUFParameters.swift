import MohawkLayers
import MohawkTensor
import MohawkWeights

/// Reads a model's parameters from a GGUF file.
///
/// A parameter that the file holds as it is needed is the file's mapped pages. Others are made when the model asks for
/// them, one after the other, in the type that is wanted.
public struct GGUFParameters: StoredParameters {
  private let weights: GGUFWeights
  private let keys: GGUFKeys
  private let dtype: DType?
  private let device: Device

  /// - Parameters:
  ///   - weights: the file.
  ///   - configuration: the geometry that was read from it.
  ///   - dtype: the type of the parameters in memory; nil keeps the file's, fp32 for quantised blocks.
  ///   - device: where the parameters are needed.
  /// - Throws: `MohawkError` when the metadata does not describe a model.
  public init(
    _ weights: GGUFWeights, _ configuration: DecoderConfiguration, dtype: DType? = .float32, on device: Device = .cpu
  ) throws {
    self.weights = weights
    keys = try GGUFGeometry(weights).keys(configuration)
    self.dtype = dtype
    self.device = device
  }

  public func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let shape = request.shape
    guard let place = keys.places[request.name] else {
      preconditionFailure("no name in GGUF files is known for \(request.name)")
    }
    guard let info = weights.info(place.key) else { return .failure(.missing(key: place.key)) }
    let wanted = place.shape ?? shape
    // Files have sizes of 1 in some places and leave them out in others.
    guard info.shape.filter({ $0 != 1 }) == wanted.filter({ $0 != 1 }) else {
      return .failure(.misshapen(key: place.key, found: info.shape, wanted: wanted))
    }
    do {
      return .success(try withoutGradients { try read(place, info.shape, wanted).reshaped(shape).to(on: device) })
    } catch {
      return .failure(.unusable(key: place.key, reason: "cannot be read: \(error)"))
    }
  }

  private func read(_ place: GGUFKeys.Place, _ found: [Int], _ wanted: [Int]) throws -> Tensor {
    // −exp is undone in doubles and rounded once.
    let isNorm = keys.keepsNorms && place.key.hasSuffix("norm.weight") && dtype != .float64
    let type = place.isDecay ? .float64 : isNorm ? .float32 : dtype
    var tensor: Tensor
    if let rows = place.rows, found == wanted {
      let parts = try rows.map { try weights.tensor(place.key, rows: $0, as: type) }
      tensor = parts.count == 1 ? parts[0] : .concatenated(parts, 0)
    } else {
      tensor = try weights.tensor(place.key, as: type).reshaped(wanted)
      if let rows = place.rows {
        let parts = rows.map { tensor.narrowed(0, from: $0.lowerBound, length: $0.count) }
        tensor = parts.count == 1 ? parts[0] : .concatenated(parts, 0)
      }
    }
    if let columns = place.columns, columns != tensor.size(-1) {
      tensor = tensor.narrowed(-1, from: 0, length: columns)
    }
    if let rotary = place.rotary {
      tensor = tensor.indexed(0, Tensor(Self.halves(tensor.size(0), rotary.headDim, rotary.rotaryDim)))
    }
    if place.isDecay { tensor = (-tensor).log().to(dtype ?? .float32) }
    return tensor.contiguous()
  }

  /// The row that comes to each place when neighbours in a head become its two halves.
  static func halves(_ rows: Int, _ headDim: Int, _ rotaryDim: Int) -> [Int64] {
    (0..<rows).map { row in
      let (head, place) = row.quotientAndRemainder(dividingBy: headDim)
      guard place < rotaryDim else { return Int64(row) }
      let (half, pair) = place.quotientAndRemainder(dividingBy: rotaryDim / 2)
      return Int64(head * headDim + 2 * pair + half)
    }
  }

  public var names: [String] { weights.names }

  /// Names in the file that hold none of these parameters.
  public func unused(by parameters: ParameterList) -> UnusedTensors {
    UnusedTensors(unknown: keys.unused(weights.names, by: parameters.all.map(\.name)))
  }
}
