extension Attention {
  public static let kind = "attention"

  /// Of queries and keys, and their norms where there are any.
  public static func matrixDependsOn(_ parameterName: String) -> Bool {
    parameterName.split(separator: ".").contains { ["q_proj", "k_proj", "q_norm", "k_norm"].contains($0) }
  }
}
