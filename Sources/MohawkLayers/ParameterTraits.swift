/// What a parameter is to training and decoding. A layer says it where it asks for the parameter.
public struct ParameterTraits: OptionSet, Sendable {
  public let rawValue: Int

  public init(rawValue: Int) { self.rawValue = rawValue }

  /// The matrix by which a mixer mixes tokens depends on it; on other parameters of a mixer only values and output do.
  public static let shapesMatrix = ParameterTraits(rawValue: 1)
  /// It is never rounded to a few bits.
  public static let exact = ParameterTraits(rawValue: 2)
  /// It is there for decays or step sizes, which have a learning rate of their own. It shapes the matrix, and is exact.
  public static let setsDecays: ParameterTraits = [.shapesMatrix, .exact, ParameterTraits(rawValue: 4)]

  /// Whether decoding may keep a parameter of this shape rounded to a few bits: it is a matrix, and need not be exact.
  public func allowRounding(_ shape: [Int]) -> Bool { shape.count == 2 && !contains(.exact) }
}
