/// What became of numbers that were to be stored.
enum GGUFEncoding {
  /// All are stored.
  case fine
  /// One is not a number or infinite, which the type cannot hold.
  case notFinite
  /// One is finite, and larger than the type can hold.
  case outOfRange
}

extension GGUFType {
  /// Stores whole blocks of numbers; `bytes` has exactly the room that they need.
  func encode(_ floats: UnsafeBufferPointer<Float>, into bytes: UnsafeMutableRawBufferPointer) -> GGUFEncoding {
    precondition(bytes.count == byteCount(floats.count) && floats.count.isMultiple(of: blockSize))
    guard let source = UnsafeRawPointer(floats.baseAddress), let target = bytes.baseAddress else { return .fine }
    switch self {
    case .f32:
      target.copyMemory(from: source, byteCount: bytes.count)
      return .fine
    case .f16: return HalfPrecision.encode(source, floats.count, target)
    case .bf16: return BrainFloat.encode(source, floats.count, target)
    case .q8: return Q8.encode(source, floats.count / 32, target)
    case .q5: return Q5.encode(source, floats.count / 32, target)
    case .q4: return Q4.encode(source, floats.count / 32, target)
    case .q4K: return Q4K.encode(source, floats.count / 256, target)
    default: preconditionFailure("no numbers can be stored as \(name)")
    }
  }

  /// Reads whole blocks into `floats`, which has exactly the room that they need.
  func decode(_ bytes: UnsafeRawBufferPointer, into floats: UnsafeMutableBufferPointer<Float>) {
    precondition(bytes.count == byteCount(floats.count) && floats.count.isMultiple(of: blockSize))
    guard let source = bytes.baseAddress, let target = floats.baseAddress else { return }
    let blocks = floats.count / blockSize
    switch self {
    case .f32: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
    case .f16: HalfPrecision.decode(source, blocks, target)
    case .bf16: BrainFloat.decode(source, blocks, target)
    case .f64:
      for index in 0..<blocks {
        target[index] = Float(source.loadUnaligned(fromByteOffset: index &* 8, as: Double.self))
      }
    case .q41: Block32.decode41(source, blocks, target)
    case .q5: Block32.decode50(source, blocks, target)
    case .q51: Block32.decode51(source, blocks, target)
    case .q2K: KQuants.decode2(source, blocks, target)
    case .q3K: KQuants.decode3(source, blocks, target)
    case .q8: Q8.decode(source, blocks, target)
    case .q4: Q4.decode(source, blocks, target)
    case .q4K: KQuants.decode4(source, blocks, target)
    case .q5K: KQuants.decode5(source, blocks, target)
    case .q6K: KQuants.decode6(source, blocks, target)
    default: preconditionFailure("\(name) cannot be read as numbers")
    }
  }
}
