import CMohawkDecoder
import MohawkTensor

/// A matrix [rows, columns] in the form in which decoding reads it.
public struct QuantizedMatrix {
  /// How each weight is kept.
  public let precision: WeightPrecision
  /// Outputs of the product.
  public let rows: Int
  /// Inputs of the product.
  public let columns: Int
  /// The bytes, of type uint8, [byteCount].
  public let bytes: Tensor

  /// A matrix whose bytes were packed before, such as a file's.
  /// - Parameters:
  ///   - precision: how its numbers are packed.
  ///   - rows: outputs.
  ///   - columns: inputs.
  ///   - bytes: uint8 on the CPU, as many as `byteCount` says.
  public init(_ precision: WeightPrecision, rows: Int, columns: Int, bytes: Tensor) {
    precondition(
      bytes.dtype == .uint8 && bytes.isContiguous
        && bytes.count == Self.byteCount(precision, rows: rows, columns: columns),
      "\(bytes) is no \(precision) matrix of \(rows) times \(columns)")
    self.precision = precision
    self.rows = rows
    self.columns = columns
    self.bytes = bytes
  }

  /// Rounds a matrix.
  /// - Parameters:
  ///   - matrix: [rows, columns], fp32 or bf16, other types by way of fp32.
  ///   - precision: how to keep its weights.
  ///   - importance: how much the squared error of each column's weights counts when int4 chooses its scales: the mean
  ///     square of what the column is multiplied with. All the same when there is none.
  public init(_ matrix: Tensor, _ precision: WeightPrecision, importance: [Float]? = nil) {
    precondition(matrix.rank == 2, "\(matrix) is no matrix")
    precondition(importance == nil || importance?.count == matrix.size(1), "an importance for each column")
    let isHalf = matrix.dtype == .bfloat16
    let plain = withoutGradients { matrix.detached().to(isHalf ? .bfloat16 : .float32, on: .cpu).contiguous() }
    let (rows, columns) = (matrix.size(0), matrix.size(1))
    let bytes = Tensor.zeros([Self.byteCount(precision, rows: rows, columns: columns)], .uint8)
    plain.withBytes { source in
      bytes.withBytes { out in
        let source = mhk_matrix(
          format: Int32(isHalf ? MHK_BF16 : MHK_F32), rows: Int64(rows), columns: Int64(columns),
          data: source.baseAddress)
        mhk_matrix_pack(source, precision.format, importance, UnsafeMutableRawPointer(mutating: out.baseAddress!))
      }
    }
    self.init(precision, rows: rows, columns: columns, bytes: bytes)
  }

  /// Bytes of a matrix.
  public static func byteCount(_ precision: WeightPrecision, rows: Int, columns: Int) -> Int {
    Int(mhk_matrix_bytes(precision.format, Int64(rows), Int64(columns)))
  }

  /// What the kernels read; valid while this matrix lives.
  var matrix: mhk_matrix {
    mhk_matrix(
      format: precision.format, rows: Int64(rows), columns: Int64(columns),
      data: bytes.withBytes { $0.baseAddress })
  }

  /// The rounded weights, fp32 [rows, columns].
  public func dequantized() -> Tensor {
    var numbers = [Float](repeating: 0, count: rows * columns)
    withExtendedLifetime(bytes) { mhk_matrix_unpack(matrix, 0, Int64(rows), &numbers) }
    return Tensor(numbers, shape: [rows, columns])
  }

  /// x [count, columns] to x · matrixᵀ, fp32 [count, rows], on this thread, as decoding computes it.
  func multiplied(by x: [Float]) -> [Float] {
    precondition(x.count % columns == 0, "\(x.count) activations are no rows of \(columns)")
    var y = [Float](repeating: 0, count: x.count / columns * rows)
    withExtendedLifetime(bytes) { mhk_matrix_multiply(matrix, x, Int64(x.count / columns), &y) }
    return y
  }

  /// What the product takes instead of x [count, columns].
  static func rounded(_ x: [Float], columns: Int, _ precision: WeightPrecision) -> [Float] {
    var result = x
    mhk_matrix_rounded(precision.format, x, Int64(columns), Int64(x.count / columns), &result)
    return result
  }
}
