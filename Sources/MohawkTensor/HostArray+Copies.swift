import Foundation

// Copies of numbers in memory, of so few that it is not worth loading libtorch for them.
extension HostArray {
  /// Above this, libtorch's loops on all cores are worth being loaded.
  static let few = 1 << 20

  /// Calls `body` with the place of every run of numbers that lie one behind the other: its offset here in elements, its
  /// number among all in row-major order, and how many there are.
  private func forEachRun(_ body: (_ offset: Int, _ first: Int, _ count: Int) -> Void) {
    if count == 0 { return }
    if isContiguous { return body(0, 0, count) }
    let isRun = strides.last == 1
    let run = isRun ? shape.last! : 1
    let outer = isRun ? shape.count - 1 : shape.count
    var index = Array(repeating: 0, count: outer)
    var offset = 0
    for number in 0..<count / run {
      body(offset, number * run, run)
      var dimension = outer - 1
      while dimension >= 0 {
        index[dimension] += 1
        offset += strides[dimension]
        if index[dimension] < shape[dimension] { break }
        offset -= strides[dimension] * shape[dimension]
        index[dimension] = 0
        dimension -= 1
      }
    }
  }

  /// Writes the numbers in row-major order.
  func copy(to destination: UnsafeMutableRawPointer) {
    let size = dtype.size
    forEachRun { offset, first, count in
      memcpy(destination + first * size, start + offset * size, count * size)
    }
  }

  /// The same numbers in order in memory of their own; nil where there are many that do not lie in order.
  func copied() -> HostArray? {
    guard isContiguous || count <= Self.few else { return nil }
    let result = HostArray(zeros: shape, dtype)
    copy(to: result.start)
    return result
  }

  /// In another type, exactly; nil where that rounds, or takes long.
  func converted(to other: DType) -> HostArray? {
    guard dtype == .bfloat16, other == .float32, count <= Self.few, let plain = isContiguous ? self : copied() else {
      return nil
    }
    let result = HostArray(zeros: shape, other)
    let bits = plain.start.assumingMemoryBound(to: UInt16.self)
    let numbers = result.start.assumingMemoryBound(to: UInt32.self)
    for index in 0..<count { numbers[index] = UInt32(bits[index]) << 16 }
    return result
  }

  /// Takes the numbers of `source`; false where its shape or type is another.
  func assign(_ source: HostArray) -> Bool {
    guard source.shape == shape, source.dtype == dtype else { return false }
    guard let plain = source.isContiguous ? source : source.copied() else { return false }
    let size = dtype.size
    forEachRun { offset, first, count in
      memmove(start + offset * size, plain.start + first * size, count * size)
    }
    return true
  }

  /// Arrays one after another along the first dimension; nil where their shapes or types differ.
  static func concatenated(_ parts: [HostArray]) -> HostArray? {
    guard let first = parts.first, !first.shape.isEmpty else { return nil }
    let rest = first.shape.dropFirst()
    guard parts.allSatisfy({ $0.dtype == first.dtype && $0.shape.dropFirst() == rest && $0.isContiguous }) else {
      return nil
    }
    let result = HostArray(zeros: [parts.reduce(0) { $0 + $1.shape[0] }] + rest, first.dtype)
    var place = result.start
    for part in parts {
      part.copy(to: place)
      place += part.count * part.dtype.size
    }
    return result
  }
}
