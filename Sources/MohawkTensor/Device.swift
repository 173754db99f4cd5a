import CMohawkTorch
import MohawkFiles

/// Where a tensor lives and is computed with.
public enum Device: Sendable, Hashable, CustomStringConvertible {
  /// The processor and its memory.
  case cpu
  /// The NVIDIA GPU with this index.
  case cuda(Int)
  /// The accelerator that the tests pretend, whose library registers it with libtorch.
  case pretend

  /// Whether its memory is the processor's: what lies there takes the machine's memory, and code of the processor may read
  /// it.
  public var usesMainMemory: Bool { self == .cpu }

  /// Rows, such as tokens, that are best computed together where there are many: what an operation makes of them stays
  /// near the processor, and more rows cost no more memory. Nil where a device is busy only with all that there are.
  public var rowsAtOnce: Int? { self == .cpu ? 2048 : nil }

  var kind: Int32 {
    switch self {
    case .cpu: Int32(MHK_CPU)
    case .cuda: Int32(MHK_CUDA)
    case .pretend: Int32(MHK_PRETEND)
    }
  }
  var index: Int32 { if case .cuda(let index) = self { Int32(index) } else { 0 } }

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    case .pretend: "pretend"
    }
  }

  /// Reads `cpu`, `cuda` or `cuda:<index>` and checks that the device is there.
  public init(named name: String) throws {
    if name == "cpu" {
      self = .cpu
      return
    }
    if name == "pretend", Runtime.hasPretendDevice {
      self = .pretend
      return
    }
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard parts[0] == "cuda", parts.count <= 2, let index = parts.count == 2 ? Int(parts[1]) : 0, index >= 0 else {
      throw MohawkError(.invalidValue, "unknown device '\(name)'", remedy: "use cpu, cuda or cuda:<index>")
    }
    guard index < Runtime.cudaDeviceCount else {
      throw MohawkError(
        .unsupported, "there is no device '\(name)': this libtorch sees \(Runtime.cudaDeviceCount) CUDA devices",
        remedy: "use cpu, or build against a libtorch with CUDA (MOHAWK_TORCH)")
    }
    self = .cuda(index)
  }
}
