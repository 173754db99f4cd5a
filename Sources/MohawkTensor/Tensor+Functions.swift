import CMohawkTorch

// Functions of one tensor, element by element.
extension Tensor {
  /// The magnitude.
  public func abs(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("abs", mhk_abs, file, line) }
  /// e to the power of the element.
  public func exp(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("exp", mhk_exp, file, line) }
  /// The natural logarithm.
  public func log(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("log", mhk_log, file, line) }
  /// log(1 + x), exact for small x.
  public func log1p(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("log1p", mhk_log1p, file, line)
  }
  /// The square root.
  public func sqrt(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("sqrt", mhk_sqrt, file, line) }
  /// 1 / √x.
  public func rsqrt(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("rsqrt", mhk_rsqrt, file, line)
  }
  /// x².
  public func square(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("square", mhk_square, file, line)
  }
  /// 1 / x.
  public func reciprocal(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("reciprocal", mhk_reciprocal, file, line)
  }
  /// The sine.
  public func sin(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("sin", mhk_sin, file, line) }
  /// The cosine.
  public func cos(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("cos", mhk_cos, file, line) }
  /// The hyperbolic tangent.
  public func tanh(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("tanh", mhk_tanh, file, line) }
  /// 1 / (1 + e⁻ˣ).
  public func sigmoid(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("sigmoid", mhk_sigmoid, file, line)
  }
  /// x · sigmoid(x).
  public func silu(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    gated(nil, MHK_SILU, file, line)
  }
  /// max(x, 0).
  public func relu(file: StaticString = #fileID, line: UInt = #line) -> Tensor { unary("relu", mhk_relu, file, line) }
  /// log(1 + eˣ), computed stably.
  public func softplus(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("softplus", mhk_softplus, file, line)
  }
  /// True where the element is neither infinite nor NaN.
  public func isFinite(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("isFinite", mhk_isfinite, file, line)
  }
  /// Logical negation.
  public func not(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("not", mhk_logical_not, file, line)
  }

  /// The Gaussian error linear unit; `approximate` selects the tanh form (`gelu_new`) instead of the exact one.
  public func gelu(approximate: Bool, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    approximate ? gated(nil, MHK_GELU_TANH, file, line) : unary("gelu", mhk_gelu_erf, file, line)
  }

  /// The element raised to `exponent`.
  public func pow(_ exponent: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("pow", { mhk_pow_scalar($0, exponent, $1) }, file, line)
  }

  /// The element, or `minimum` where it is smaller.
  public func clamped(min minimum: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("clamped", { mhk_clamp_min($0, minimum, $1) }, file, line)
  }

  /// The element, or `maximum` where it is larger.
  public func clamped(max maximum: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("clamped", { mhk_clamp_max($0, maximum, $1) }, file, line)
  }
}
