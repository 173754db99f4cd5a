import MohawkLayers
import MohawkTensor

/// A mixer's parameters from a golden file under checkpoints' names, where several are rows of one tensor.
struct GoldenWeights: ParameterSource {
  /// The checkpoint's tensors and the parameters that are their rows, in order.
  typealias Rows = [(key: String, parts: [(name: String, rows: Int)])]

  let file: SafetensorsFile
  let prefix: String
  let dtype: DType
  let rows: Rows

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let name = request.name
    for (key, parts) in rows {
      var first = 0
      for part in parts {
        if "mixer." + part.name == name, let whole = try? file.tensor(prefix + key) {
          return .success(whole.narrowed(0, from: first, length: part.rows).to(dtype).copy())
        }
        first += part.rows
      }
    }
    return .failure(.missing(key: prefix + name))
  }

  /// The gradients of the parameters under the checkpoint's names; a part without gradient counts as zeros, a tensor
  /// without any is left out.
  static func gathered(_ gradients: [Tensor?], of parameters: ParameterList, _ rows: Rows) -> [String: Tensor] {
    let byName = Dictionary(uniqueKeysWithValues: zip(parameters.all.map(\.name), gradients))
    var result: [String: Tensor] = [:]
    for (key, parts) in rows {
      let names = parts.map { "mixer." + $0.name }.filter { byName[$0] != nil }
      guard names.contains(where: { byName[$0]! != nil }) else { continue }
      let tensors = names.map { byName[$0]! ?? .zeros(parameters[$0]!.value.shape, parameters[$0]!.value.dtype) }
      result[key] = .concatenated(tensors, 0)
    }
    return result
  }
}
