import MohawkFiles

/// Tensors of a checkpoint that hold none of a model's parameters.
public struct UnusedTensors: Sendable, Equatable {
  /// Those that cannot change what the model computes: other heads and layers beyond the last one.
  public var needless: [String]
  /// Those of which nothing is known.
  public var unknown: [String]

  /// Nothing is unused by default.
  public init(needless: [String] = [], unknown: [String] = []) {
    self.needless = needless
    self.unknown = unknown
  }

  /// Whether tensors of which nothing is known are passed over instead of refused.
  @TaskLocal public static var areAllowed = false

  /// First parts of the names of heads that training tools put beside the language model's, and of the layers that
  /// predict further tokens.
  static let heads: Set<String> = [
    "v_head", "value_head", "score", "classifier", "classification_head", "qa_outputs", "reward_head",
    "regression_head",
    "multiple_choice_head", "medusa_head", "mtp", "mtp_layers", "mtp_block",
  ]

  /// Tells what is passed over.
  /// - Returns: what is to be refused.
  func refused(at location: String) -> [String] {
    let passed = needless + (Self.areAllowed ? unknown : [])
    if let first = passed.first {
      let more = passed.count > 1 ? " and \(passed.count - 1) more" : ""
      Notice.report(
        passed.count > 1
          ? "\(passed.count) tensors are no part of this model and are passed over: \(first)\(more)"
          : "the tensor \(first) is no part of this model and is passed over", at: location)
    }
    return Self.areAllowed ? [] : unknown
  }
}
