extension GGUFCursor {
  /// How deep arrays may hold arrays: deeper than any file in use, and no deeper than a stack.
  static let greatestDepth = 4

  mutating func valueType(_ key: String) throws -> GGUFValueType {
    let code = try read(as: UInt32.self, "the type of key \(key)")
    guard let type = GGUFValueType(rawValue: code) else {
      throw failure(.invalidFormat, "key \(key) has the type \(code), which the format does not know")
    }
    return type
  }

  /// Steps over a value, checking that it lies in the file.
  mutating func skip(_ type: GGUFValueType, _ key: String, depth: Int = 0) throws {
    switch type {
    case .bool:
      let byte = try read(as: UInt8.self, "key \(key)")
      guard byte <= 1 else {
        throw failure(.invalidFormat, "key \(key) is a truth value but holds the byte \(byte)")
      }
    case .string:
      let count = try count(ofAtLeast: 1, "bytes of key \(key)")
      _ = try take(count, "key \(key)")
    case .array:
      let (element, count) = try arrayHead(key, depth)
      if let size = element.byteCount, element != .bool {
        _ = try take(count * size, "key \(key)")
      } else {
        for _ in 0..<count { try skip(element, key, depth: depth + 1) }
      }
    default:
      _ = try take(type.byteCount!, "key \(key)")
    }
  }

  /// An array's element type and count; the elements fit in the file if they are as short as can be.
  private mutating func arrayHead(_ key: String, _ depth: Int) throws -> (element: GGUFValueType, count: Int) {
    guard depth < Self.greatestDepth else {
      throw failure(.invalidFormat, "the arrays of key \(key) are nested deeper than \(Self.greatestDepth)")
    }
    let element = try valueType(key)
    return (element, try count(ofAtLeast: element.leastByteCount, "elements of key \(key)"))
  }

  /// The value itself.
  mutating func value(_ type: GGUFValueType, _ key: String) throws -> GGUFValue {
    switch type {
    case .uint8: .uint8(try read("key \(key)"))
    case .int8: .int8(try read("key \(key)"))
    case .uint16: .uint16(try read("key \(key)"))
    case .int16: .int16(try read("key \(key)"))
    case .uint32: .uint32(try read("key \(key)"))
    case .int32: .int32(try read("key \(key)"))
    case .uint64: .uint64(try read("key \(key)"))
    case .int64: .int64(try read("key \(key)"))
    case .float32: .float32(Float(bitPattern: try read("key \(key)")))
    case .float64: .float64(Double(bitPattern: try read("key \(key)")))
    case .bool: .bool(try read(as: UInt8.self, "key \(key)") != 0)
    case .string: .string(try text("key \(key)"))
    case .array: .array(try array(key, depth: 0))
    }
  }

  private mutating func array(_ key: String, depth: Int) throws -> GGUFArray {
    let (element, count) = try arrayHead(key, depth)
    switch element {
    case .uint8: return .uint8(try numbers(count, key))
    case .int8: return .int8(try numbers(count, key))
    case .uint16: return .uint16(try numbers(count, key))
    case .int16: return .int16(try numbers(count, key))
    case .uint32: return .uint32(try numbers(count, key))
    case .int32: return .int32(try numbers(count, key))
    case .uint64: return .uint64(try numbers(count, key))
    case .int64: return .int64(try numbers(count, key))
    case .float32: return .float32(try numbers(count, key, as: UInt32.self).map(Float.init(bitPattern:)))
    case .float64: return .float64(try numbers(count, key, as: UInt64.self).map(Double.init(bitPattern:)))
    case .bool: return .bool(try numbers(count, key, as: UInt8.self).map { $0 != 0 })
    case .string:
      var texts: [String] = []
      texts.reserveCapacity(count)
      for index in 0..<count { texts.append(try text("element \(index) of key \(key)")) }
      return .string(texts)
    case .array:
      var arrays: [GGUFArray] = []
      arrays.reserveCapacity(count)
      for _ in 0..<count { arrays.append(try array(key, depth: depth + 1)) }
      return .array(arrays)
    }
  }

  private mutating func numbers<Number: FixedWidthInteger>(
    _ count: Int, _ key: String, as: Number.Type = Number.self
  ) throws -> [Number] {
    let bytes = try take(count * MemoryLayout<Number>.size, "key \(key)")
    return [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
      for index in buffer.indices { buffer[index] = Number(littleEndian: buffer[index]) }
      initialized = count
    }
  }
}
