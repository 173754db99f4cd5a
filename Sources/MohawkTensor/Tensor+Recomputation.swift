import CMohawkTorch

extension Tensor {
  /// What `body` makes of this tensor, without keeping for the backward pass what it computes on the way: the backward pass
  /// calls it again (activation checkpointing; Chen et al. 2016, arXiv:1604.06174). Values and gradients are those of
  /// `body` alone, provided that it computes the same both times.
  /// - Parameters:
  ///   - leaves: what else `body` depends on that may want gradients. What is left out gets none.
  ///   - file: where a mistake is reported.
  ///   - line: where a mistake is reported.
  ///   - body: it may be called on another thread of libtorch's, while whoever called `backward` waits.
  public func recomputed(
    through leaves: [Tensor], file: StaticString = #fileID, line: UInt = #line, _ body: @escaping (Tensor) -> Tensor
  ) -> Tensor {
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    return .make("recomputed", self, file: file, line: line) { out in
      withExtendedLifetime(leaves) {
        Tensor.withHandles(leaves) { handles, count in
          mhk_recomputed(
            handle, handles, count,
            { context, input, out in
              let made = Unmanaged<Body>.fromOpaque(context).takeUnretainedValue().call(Tensor(owning: input))
              precondition(mhk_same(made.handle, out) == nil, "a tensor without another handle")
              withExtendedLifetime(made) {}
            }, { Unmanaged<Body>.fromOpaque($0).release() }, context, out)
        }
      }
    }
  }
}

private final class Body {
  let call: (Tensor) -> Tensor

  init(_ call: @escaping (Tensor) -> Tensor) { self.call = call }
}
