import CMohawkKernels

/// The sets of processor instructions that the kernels are written for, each with all of the ones before it.
public enum Instructions: Int32, Sendable, CaseIterable {
  /// What every processor has.
  case portable
  /// 256-bit vectors with fused multiplication and addition.
  case avx2
  /// 512-bit vectors with conversion to and from bf16.
  case avx512

  /// The set in use: the best that this processor has.
  public static var current: Instructions { Instructions(rawValue: mhk_instructions())! }

  /// Runs `body` with kernels, called on this thread, that use no better set than `set`.
  package static func limited<Result>(to set: Instructions, _ body: () throws -> Result) rethrows -> Result {
    let before = current
    mhk_limit_instructions(set.rawValue)
    defer { mhk_limit_instructions(before.rawValue) }
    return try body()
  }
}
