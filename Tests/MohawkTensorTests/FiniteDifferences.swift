import MohawkTensor
import Testing

/// Compares the gradients of `Σ weights ∘ function(inputs)` with central differences in fp64, where `weights` are fixed
/// uneven numbers, so that errors in single elements cannot cancel.
func expectGradients(
  _ name: String, _ inputs: [Tensor], tolerance: Double = 1e-6,
  sourceLocation: SourceLocation = #_sourceLocation, _ function: ([Tensor]) -> Tensor
) {
  func loss(_ inputs: [Tensor]) -> Tensor {
    let output = function(inputs)
    let weights = (Tensor.range(0, output.count, .float64) * 0.7 + 0.3).sin().reshaped(output.shape)
    return (output * weights).sum()
  }
  let leaves = inputs.map { $0.detached().copy() }
  for leaf in leaves where leaf.dtype.isFloatingPoint { leaf.requiresGradient = true }
  loss(leaves).backward()
  for (index, leaf) in leaves.enumerated() where leaf.dtype.isFloatingPoint {
    guard let gradient = leaf.gradient else {
      Issue.record("\(name): input \(index) has no gradient", sourceLocation: sourceLocation)
      continue
    }
    #expect(gradient.shape == leaf.shape, "\(name)", sourceLocation: sourceLocation)
    let found = gradient.doubles()
    let start = leaf.doubles()
    let step = 1e-5
    for element in start.indices {
      func shifted(_ by: Double) -> Double {
        var values = start
        values[element] += by
        var moved = inputs
        moved[index] = Tensor(values, shape: leaf.shape)
        return withoutGradients { loss(moved).item() }
      }
      let expected = (shifted(step) - shifted(-step)) / (2 * step)
      let scale = max(1, abs(expected))
      #expect(
        abs(found[element] - expected) < tolerance * scale,
        "\(name): element \(element) of input \(index): \(found[element]) instead of \(expected)",
        sourceLocation: sourceLocation)
    }
  }
}

/// Compares values with an absolute tolerance.
func expectClose(
  _ tensor: Tensor, _ expected: [Double], shape: [Int]? = nil, tolerance: Double = 1e-12,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if let shape { #expect(tensor.shape == shape, sourceLocation: sourceLocation) }
  let found = tensor.doubles()
  #expect(found.count == expected.count, sourceLocation: sourceLocation)
  for (index, (a, b)) in zip(found, expected).enumerated() where !(a == b || abs(a - b) <= tolerance) {
    Issue.record("element \(index) is \(a) instead of \(b)", sourceLocation: sourceLocation)
  }
}

/// fp64 numbers.
func numbers(_ values: [Double], _ shape: [Int]? = nil) -> Tensor { Tensor(values, shape: shape) }
