import CMohawkTorch

// Arithmetic with broadcasting.
extension Tensor {
  /// The sum, element by element with broadcasting.
  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary("+", b, mhk_add, #fileID, #line) }
  /// The difference, element by element with broadcasting.
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary("-", b, mhk_sub, #fileID, #line) }
  /// The product, element by element with broadcasting.
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary("*", b, mhk_mul, #fileID, #line) }
  /// The quotient, element by element with broadcasting.
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary("/", b, mhk_div, #fileID, #line) }

  /// The number added to every element.
  public static func + (a: Tensor, b: Double) -> Tensor {
    a.unary("+", { mhk_add_scalar($0, b, $1) }, #fileID, #line)
  }
  /// The number taken from every element.
  public static func - (a: Tensor, b: Double) -> Tensor { a + -b }
  /// Every element times the number.
  public static func * (a: Tensor, b: Double) -> Tensor {
    a.unary("*", { mhk_mul_scalar($0, b, $1) }, #fileID, #line)
  }
  /// Every element divided by the number.
  public static func / (a: Tensor, b: Double) -> Tensor { a * (1 / b) }
  /// Every element times the number.
  public static func * (a: Double, b: Tensor) -> Tensor { b * a }
  /// The number added to every element.
  public static func + (a: Double, b: Tensor) -> Tensor { b + a }
  /// Every element taken from the number.
  public static func - (a: Double, b: Tensor) -> Tensor { -b + a }
  /// Every element with the other sign.
  public static prefix func - (a: Tensor) -> Tensor { a.unary("-", mhk_neg, #fileID, #line) }
}

extension Tensor {
  /// The matrix product over the last two dimensions, the others broadcast: [.., n, k] · [.., k, m].
  public func matmul(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("matmul", other, mhk_matmul, file, line)
  }
  /// The outer product of two vectors.
  public func outer(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("outer", other, mhk_outer, file, line)
  }
  /// The larger of the two, element by element.
  public func maximum(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("maximum", other, mhk_maximum, file, line)
  }
  /// The smaller of the two, element by element.
  public func minimum(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("minimum", other, mhk_minimum, file, line)
  }
  /// True where both are equal.
  public func equals(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("equals", other, mhk_eq, file, line)
  }
  /// True where they differ.
  public func differs(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("differs", other, mhk_ne, file, line)
  }
  /// True where self < other.
  public func less(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("less", other, mhk_lt, file, line)
  }
  /// True where self ≤ other.
  public func lessOrEqual(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("lessOrEqual", other, mhk_le, file, line)
  }
  /// True where self > other.
  public func greater(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("greater", other, mhk_gt, file, line)
  }
  /// True where self ≥ other.
  public func greaterOrEqual(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("greaterOrEqual", other, mhk_ge, file, line)
  }
  /// Logical and.
  public func and(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("and", other, mhk_logical_and, file, line)
  }
  /// Logical or.
  public func or(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("or", other, mhk_logical_or, file, line)
  }
  /// True where the element = `value`.
  public func equals(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("equals", { mhk_eq_scalar($0, value, $1) }, file, line)
  }
  /// True where the element < `value`.
  public func less(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("less", { mhk_lt_scalar($0, value, $1) }, file, line)
  }
  /// True where the element ≤ `value`.
  public func lessOrEqual(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("lessOrEqual", { mhk_le_scalar($0, value, $1) }, file, line)
  }
  /// True where the element > `value`.
  public func greater(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("greater", { mhk_gt_scalar($0, value, $1) }, file, line)
  }
  /// True where the element ≥ `value`.
  public func greaterOrEqual(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    unary("greaterOrEqual", { mhk_ge_scalar($0, value, $1) }, file, line)
  }
}
