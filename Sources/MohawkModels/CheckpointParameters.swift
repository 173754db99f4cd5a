import MohawkFiles
import MohawkLayers
import MohawkTensor

/// Reads a model's parameters from a safetensors file through a key table.
public struct CheckpointParameters: ParameterSource {
  let file: SafetensorsFile
  let table: KeyTable
  let dtype: DType
  let device: Device

  /// - Parameters:
  ///   - file: the checkpoint.
  ///   - table: which of its tensors holds which parameter.
  ///   - dtype: the type of the parameters in memory, whatever the file holds.
  ///   - device: where the parameters are needed.
  public init(_ file: SafetensorsFile, _ table: KeyTable, dtype: DType = .float32, on device: Device = .cpu) {
    self.file = file
    self.table = table
    self.dtype = dtype
    self.device = device
  }

  public func value(_ name: String, shape: [Int], initial: Initial) -> Result<Tensor, ParameterFault> {
    guard let place = table.places[name] else { preconditionFailure("the key table does not know \(name)") }
    guard let entry = file.entries[place.key] else { return .failure(.missing(key: place.key)) }
    var wanted = shape
    if let joined = table.joined[place.key] { wanted[0] = joined.rows }
    guard entry.shape == wanted else {
      return .failure(.misshapen(key: place.key, found: entry.shape, wanted: wanted))
    }
    guard entry.dtype.isFloatingPoint else {
      return .failure(
        .unusable(key: place.key, reason: "holds \(entry.dtype) where numbers with a fraction are needed"))
    }
    do {
      let whole = try file.tensor(place.key)
      let part = place.firstRow.map { whole.narrowed(0, from: $0, length: shape[0]) } ?? whole
      // A copy of our own: the map is read-only, and training writes.
      let own = part.to(dtype, on: device).copy().contiguous()
      guard own.isFinite().all().intItem() == 1 else {
        return .failure(.unusable(key: place.key, reason: "holds NaN or infinite numbers"))
      }
      return .success(own)
    } catch {
      return .failure(.unusable(key: place.key, reason: "cannot be read: \(error)"))
    }
  }

  /// Names in the file that the table does not use.
  public var unused: [String] { file.names.filter { !table.keys.contains($0) }.sorted() }
}

extension ParameterList {
  /// The tensors of a checkpoint of these parameters under a key table's names.
  public func checkpoint(_ table: KeyTable, as dtype: DType? = nil) -> [(name: String, tensor: Tensor)] {
    var result: [(name: String, tensor: Tensor)] = []
    withoutGradients {
      for parameter in all {
        guard let place = table.places[parameter.name] else {
          preconditionFailure("the key table does not know \(parameter.name)")
        }
        if let joined = table.joined[place.key] {
          guard place.firstRow == 0 else { continue }
          let parts = joined.parameters.map { self[$0]!.value.detached() }
          result.append((place.key, Tensor.concatenated(parts, 0).to(dtype)))
        } else {
          result.append((place.key, parameter.value.detached().to(dtype)))
        }
      }
    }
    return result
  }
}
