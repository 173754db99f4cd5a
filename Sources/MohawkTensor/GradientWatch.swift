import CMohawkTorch

/// Which gradients a backward pass completes: nothing is added to them later.
public enum CompletedGradients: Sendable {
  /// Those of the leaves that the pass reaches.
  case reached
  /// Those of all leaves: it is the last pass.
  case all
}

/// Tells when gradients are complete, while the backward pass that finds them goes on, so that they can be sent to others
/// meanwhile.
public enum GradientWatch {
  /// Runs `body`, and calls `found` with a leaf's place as soon as its gradient is complete, by what the backward passes
  /// of `body` say about it (``Tensor/backward(_:completes:file:line:)``).
  /// - Parameters:
  ///   - leaves: which require gradients, each once.
  ///   - found: called once at most for each leaf, inside a backward pass, with gradients off. Leaves that no such pass
  ///     completes are left out.
  ///   - body: forward and backward passes, on this thread. There is no other watch inside it.
  public static func tell<Result>(
    of leaves: [Tensor], _ found: (_ leaf: Int) -> Void, during body: () throws -> Result
  ) rethrows -> Result {
    try withoutActuallyEscaping(found) { found in
      try withUnsafePointer(to: found) { pointer in
        let error = Tensor.withHandles(leaves) { handles, count in
          mhk_watch_begin(
            handles, count,
            { context, leaf in
              withoutGradients { context.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(leaf)) }
            }, UnsafeMutableRawPointer(mutating: pointer))
        }
        precondition(error == nil, String(cString: error!))
        defer { mhk_watch_end() }
        return try body()
      }
    }
  }
}
