import Foundation

/// One entry of `matrices.json`: the mixing matrices of one head of teacher and student over the same text.
public struct MatrixPair: Sendable, Equatable {
  /// Counted from 0.
  public var layer: Int
  /// Counted from 0.
  public var head: Int
  /// Rows and columns.
  public var size: Int
  /// `[size, size]`, row-major; only what lies on and below the diagonal counts.
  public var teacher: [Float]
  /// The same of the student.
  public var student: [Float]
  /// The student's matrix right after matrix orientation; nil when the run had no such stage.
  public var oriented: [Float]?

  /// One argument per property.
  public init(
    layer: Int, head: Int, size: Int, teacher: [Float], student: [Float], oriented: [Float]? = nil
  ) {
    precondition(
      size > 0 && teacher.count == size * size && student.count == size * size
        && (oriented?.count ?? size * size) == size * size, "both matrices need \(size) rows")
    self.layer = layer
    self.head = head
    self.size = size
    self.teacher = teacher
    self.student = student
    self.oriented = oriented
  }

  /// Frobenius norm of student − teacher, on and below the diagonal.
  public var distance: Double { Self.norm(difference, size) }

  /// `distance` over the teacher's own norm; NaN when that is zero.
  public var relativeDistance: Double { distance / Self.norm(teacher, size) }

  /// The same with what follows from both matrices.
  var view: HeadView {
    HeadView(
      layer: layer, head: head, size: size,
      matrices: [.init("teacher", teacher, size: size), .init("student", student, size: size)])
  }

  /// Student − teacher, `[size, size]`.
  public var difference: [Float] { zip(student, teacher).map { $0 - $1 } }

  private static func norm(_ values: [Float], _ size: Int) -> Double {
    var sum = 0.0
    for row in 0..<size {
      for value in values[row * size...row * size + row] { sum += Double(value) * Double(value) }
    }
    return sum.squareRoot()
  }
}

/// Matrices are base64 of little-endian float32: the rows of the lower triangle one after the other, or all
/// `size * size` entries.
extension MatrixPair: Codable {
  private enum Key: String, CodingKey { case layer, head, size, teacher, student, oriented }

  /// Larger matrices are refused, as no page could show them.
  private static let largestSize = 4096

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    layer = try values.decode(Int.self, forKey: .layer)
    head = try values.decode(Int.self, forKey: .head)
    size = try values.decode(Int.self, forKey: .size)
    guard (1...Self.largestSize).contains(size), layer >= 0, head >= 0 else {
      throw DecodingError.dataCorruptedError(forKey: .size, in: values, debugDescription: "no possible matrix")
    }
    teacher = try Self.matrix(values, .teacher, size)
    student = try Self.matrix(values, .student, size)
    oriented = values.contains(.oriented) ? try Self.matrix(values, .oriented, size) : nil
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(layer, forKey: .layer)
    try values.encode(head, forKey: .head)
    try values.encode(size, forKey: .size)
    try values.encode(Self.packed(teacher, size), forKey: .teacher)
    try values.encode(Self.packed(student, size), forKey: .student)
    if let oriented { try values.encode(Self.packed(oriented, size), forKey: .oriented) }
  }

  private static func packed(_ matrix: [Float], _ size: Int) -> String {
    var bytes = Data(capacity: size * (size + 1) * 2)
    for row in 0..<size {
      for value in matrix[row * size...row * size + row] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
    return bytes.base64EncodedString()
  }

  private static func matrix(_ values: KeyedDecodingContainer<Key>, _ key: Key, _ size: Int) throws -> [Float] {
    let text = try values.decode(String.self, forKey: key)
    guard let data = Data(base64Encoded: text), [size * size * 4, size * (size + 1) * 2].contains(data.count) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: values, debugDescription: "not a matrix of \(size) rows in base64")
    }
    let numbers = data.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).map {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
      }
    }
    if numbers.count == size * size { return numbers }
    var matrix = [Float](repeating: 0, count: size * size)
    var next = 0
    for row in 0..<size {
      for column in 0...row {
        matrix[row * size + column] = numbers[next]
        next += 1
      }
    }
    return matrix
  }
}
