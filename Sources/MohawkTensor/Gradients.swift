import CMohawkTorch

/// Runs `body` without recording a gradient graph on this thread, and restores the setting also on throw.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = mhk_grad_enabled()
  mhk_set_grad_enabled(false)
  defer { mhk_set_grad_enabled(before) }
  return try body()
}

extension Tensor {
  /// Whether operations on this leaf are recorded and its gradient is kept.
  public var requiresGradient: Bool {
    get { host == nil && mhk_requires_grad(handle) }
    set {
      if host != nil, !newValue { return }
      perform("requiresGradient", file: #fileID, line: #line) { mhk_set_requires_grad(handle, newValue) }
    }
  }

  /// The gradient that `backward` left on this leaf; assigning nil drops it.
  public var gradient: Tensor? {
    get {
      if host != nil { return nil }
      var result = mhk_tensor()
      perform("gradient", file: #fileID, line: #line) { mhk_grad(handle, &result) }
      return result.object == nil ? nil : Tensor(owning: result)
    }
    set {
      let value = newValue
      if host != nil, value == nil { return }
      perform("gradient", file: #fileID, line: #line) {
        withExtendedLifetime(value) { mhk_set_grad(handle, value?.handle ?? mhk_tensor()) }
      }
    }
  }

  /// The same elements outside the gradient graph; shares storage.
  public func detached(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if let host { return Tensor(host) }
    return unary("detached", mhk_detach, file, line)
  }

  /// The same storage hidden from the gradient graph altogether: changing it in place is not noticed by a backward
  /// pass that saved this tensor. The caller vouches that the saved gradient formula stays right.
  public func hidden(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("hidden", mhk_variable_data, file, line)
  }

  /// Adds to the gradient of every leaf that this tensor depends on. Without `seed` the tensor must hold one number.
  public func backward(_ seed: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line) {
    perform("backward", file: file, line: line) {
      withExtendedLifetime(seed) { mhk_backward(handle, seed?.handle ?? mhk_tensor()) }
    }
  }

  /// The same where some gradients are complete with this pass, for whoever waits for them in
  /// ``GradientWatch/tell(of:_:during:)``.
  /// - Parameters:
  ///   - seed: as for `backward`.
  ///   - completed: what no later pass adds to; a trap if one does while somebody waits.
  ///   - file: where a mistake is reported.
  ///   - line: where a mistake is reported.
  public func backward(
    _ seed: Tensor? = nil, completes completed: CompletedGradients, file: StaticString = #fileID, line: UInt = #line
  ) {
    perform("backward", file: file, line: line) {
      withExtendedLifetime(seed) {
        mhk_backward_completing(handle, seed?.handle ?? mhk_tensor(), completed == .all)
      }
    }
  }

  /// The gradients with respect to `inputs`, nil for those it does not depend on. Leaves' `gradient`s stay as they are.
  public func gradients(
    of inputs: [Tensor], _ seed: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> [Tensor?] {
    var results = [mhk_tensor](repeating: mhk_tensor(), count: inputs.count)
    perform("gradients", file: file, line: line) {
      withExtendedLifetime(seed) {
        Tensor.withHandles(inputs) { mhk_gradients(handle, seed?.handle ?? mhk_tensor(), $0, $1, &results) }
      }
    }
    return results.map { $0.object == nil ? nil : Tensor(owning: $0) }
  }
}
