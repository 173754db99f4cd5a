import MohawkTensor

/// What `torch.save` asks for, and what becomes of it here: descriptions.
extension Unpickler {
  /// A storage from its persistent id: `("storage", class, key, device, number of elements)`.
  mutating func storage(_ id: PickleValue) throws(PickleFault) {
    guard case .tuple(let tuple) = id, case let parts = lists[Int(tuple)], parts.count == 5,
      string(parts[0]) == "storage",
      case .global(.storage(let element)) = parts[1], case .text(let start, let length) = parts[2],
      case .int(let count) = parts[4], count >= 0
    else { throw fault("it holds a persistent id that is not a storage's") }
    try keep(4)
    storages.append(PickledStorage(element: element, key: Int(start)..<Int(start) + Int(length), count: count))
    try push(.storage(UInt32(storages.count - 1)))
  }

  /// What a call that rebuilds something would give.
  mutating func call(_ function: PickleValue, _ arguments: PickleValue) throws(PickleFault) -> PickleValue {
    guard case .global(var global) = function, case .tuple(let tuple) = arguments else {
      throw fault("it calls what cannot be called")
    }
    var parts = lists[Int(tuple)]
    if global == .rebuildFromType {
      guard parts.count == 4, case .global(let inner) = parts[0], inner != .rebuildFromType,
        case .tuple(let tuple) = parts[2]
      else { throw fault("it rebuilds a tensor with attributes from something else") }
      global = inner
      parts = lists[Int(tuple)]
    }
    switch global {
    case .orderedDictionary:
      guard parts.isEmpty else { throw fault("it makes an OrderedDict from something") }
      return try newDictionary()
    case .rebuildTensor: return try rebuild(parts, as: nil)
    case .rebuildTypedTensor:
      guard parts.count > 6, case .global(.dtype(let element)) = parts[6] else {
        throw fault("it rebuilds a tensor without its type")
      }
      return try rebuild(parts, as: element)
    case .rebuildParameter:
      guard let data = parts.first, case .tensor = data else { throw fault("it rebuilds a parameter without a tensor") }
      return data
    case .rebuildUnreadable(let reason):
      try keep(6)
      tensors.append(
        PickledTensor(storage: nil, element: .uint8, unreadable: reason, offset: 0, sizes: [], strides: []))
      return .tensor(UInt32(tensors.count - 1))
    case .data: return .other
    case .rebuildFromType, .storage, .dtype: throw fault("it calls what cannot be called")
    }
  }

  /// A tensor from storage, offset, sizes, strides and what follows.
  private mutating func rebuild(_ parts: [PickleValue], as element: TorchElement?) throws(PickleFault) -> PickleValue {
    guard parts.count >= 4, case .storage(let storage) = parts[0], case .int(let offset) = parts[1], offset >= 0,
      let sizes = naturals(parts[2]), let strides = naturals(parts[3]), sizes.count == strides.count
    else { throw fault("it rebuilds a tensor from something else than a storage, an offset, sizes and strides") }
    try keep(8 + sizes.count)
    tensors.append(
      PickledTensor(
        storage: storage, element: element ?? storages[Int(storage)].element, unreadable: nil, offset: offset,
        sizes: sizes, strides: strides))
    return .tensor(UInt32(tensors.count - 1))
  }

  /// A tuple of sizes or strides, of which libtorch allows 64.
  private func naturals(_ value: PickleValue) -> [Int]? {
    guard case .tuple(let tuple) = value, lists[Int(tuple)].count <= 64 else { return nil }
    var numbers: [Int] = []
    for item in lists[Int(tuple)] {
      guard case .int(let number) = item, number >= 0 else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}
