import MohawkFiles
import MohawkLayers
import MohawkTensor
import MohawkWeights

/// Parameters that are in a file under other names.
public protocol StoredParameters: ParameterSource {
  /// All names in the file.
  var names: [String] { get }
  /// Names in the file that hold none of these parameters.
  func unused(by parameters: ParameterList) -> UnusedTensors
}

/// Reads a model's parameters from a checkpoint through a key table.
///
/// A parameter that the file holds as it is needed is the file's mapped pages: nothing is read until it is used. Others
/// are converted copies.
public struct CheckpointParameters: StoredParameters {
  let store: any WeightStore
  let table: KeyTable
  let dtype: DType?
  let device: Device
  private let known: Set<String>

  /// - Parameters:
  ///   - store: the checkpoint.
  ///   - table: which of its tensors holds which parameter.
  ///   - dtype: the type of the parameters in memory, whatever the file holds; nil keeps the file's.
  ///   - device: where the parameters are needed.
  public init(_ store: any WeightStore, _ table: KeyTable, dtype: DType? = .float32, on device: Device = .cpu) {
    self.store = store
    self.table = table
    self.dtype = dtype
    self.device = device
    known = Set(store.names)
  }

  public func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let (name, shape) = (request.name, request.shape)
    guard let place = table.place(of: name) else { preconditionFailure("the key table does not know \(name)") }
    let names = table.names(at: place, in: known)
    let key = names.first ?? place.key
    if names.count > 1 { return .failure(.unusable(key: key, reason: "is there a second time as \(names[1])")) }
    guard let found = store.shape(of: key) else {
      if !known.contains(key) { return .failure(.missing(key: key)) }
      // It is there, in a type that cannot be used: the store says which.
      do {
        _ = try store.tensor(key)
        return .failure(.unusable(key: key, reason: "cannot be used"))
      } catch {
        return .failure(.unusable(key: key, reason: "cannot be used: \(error)"))
      }
    }
    let joined = table.joined[place.key]
    var wanted = shape
    if let joined { wanted[0] = joined.groupRows * joined.groups }
    let isTransposed = shape.count == 2 && table.transposed.contains(place.key)
    if isTransposed { wanted.reverse() }
    guard found.sizes == wanted else {
      return .failure(.misshapen(key: key, found: found.sizes, wanted: wanted))
    }
    guard found.dtype.isFloatingPoint else {
      return .failure(.unusable(key: key, reason: "holds \(found.dtype) where numbers with a fraction are needed"))
    }
    do {
      return .success(
        try withoutGradients {
          var tensor = try store.tensor(key)
          if isTransposed { tensor = tensor.transposed() }
          if let joined, let first = place.firstRow {
            tensor = joined.part(of: tensor, firstRow: first, rows: shape[0] / joined.groups).reshaped(shape)
          }
          let type = dtype ?? found.dtype
          if table.lessOne.contains(place.key) {
            return (tensor.to(type.wide, on: device) + 1).contiguous()
          }
          return tensor.to(type, on: device).contiguous()
        })
    } catch {
      return .failure(.unusable(key: key, reason: "cannot be read: \(error)"))
    }
  }

  public var names: [String] { store.names }

  /// Names in the checkpoint that hold none of these parameters.
  public func unused(by parameters: ParameterList) -> UnusedTensors {
    table.unused(store.names, by: parameters.all.map(\.name))
  }
}

extension KeyTable.Joined {
  /// The rows of one parameter out of every group.
  func part(of tensor: Tensor, firstRow: Int, rows: Int) -> Tensor {
    let inner = Array(tensor.shape.dropFirst())
    return tensor.reshaped([groups, groupRows] + inner).narrowed(1, from: firstRow, length: rows)
  }

  /// The shared tensor out of its parameters.
  func whole(_ parameters: ParameterList) -> Tensor {
    let values = parts.map { part in
      let value = parameters[part.parameter]!.value.detached()
      return value.reshaped([groups, part.rows] + value.shape.dropFirst())
    }
    let inner = Array(values[0].shape.dropFirst(2))
    return Tensor.concatenated(values, 1).reshaped([groups * groupRows] + inner)
  }
}

extension ParameterList {
  /// The tensors of a checkpoint of these parameters under a key table's names, each made when it is asked for.
  func checkpoint(_ table: KeyTable, as dtype: DType? = nil) -> [WeightToWrite] {
    all.compactMap { parameter in
      guard let place = table.place(of: parameter.name) else {
        preconditionFailure("the key table does not know \(parameter.name)")
      }
      if let first = place.firstRow, first > 0 { return nil }
      let joined = table.joined[place.key]
      var shape = parameter.value.shape
      if let joined { shape[0] = joined.groupRows * joined.groups }
      let isTransposed = shape.count == 2 && table.transposed.contains(place.key)
      if isTransposed { shape.reverse() }
      return WeightToWrite(place.key, dtype ?? parameter.value.dtype, shape) {
        withoutGradients {
          var whole = joined?.whole(self) ?? parameter.value.detached()
          if table.lessOne.contains(place.key) { whole = whole - 1 }
          return (isTransposed ? whole.transposed() : whole).to(dtype).contiguous()
        }
      }
    }
  }
}
