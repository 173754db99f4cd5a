/// What the unpickler knows of a Python value. Texts are ranges of the pickle; containers, storages and tensors are numbers
/// of entries in the unpickler's lists, so that values that share or contain one another take no more room for it.
enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case text(start: UInt32, count: UInt32)
  /// A tuple or a list: the number of its items.
  case tuple(UInt32)
  case list(UInt32)
  /// The number of its pairs.
  case dictionary(UInt32)
  case storage(UInt32)
  case tensor(UInt32)
  case global(PickleGlobal)
  /// Data that no weights need: a fraction, bytes, a set, a shape, a device.
  case other
}

/// What a pickle may ask for by name. Nothing else is known, and nothing of Python is ever run.
enum PickleGlobal: Sendable, Equatable {
  case orderedDictionary
  case rebuildTensor
  case rebuildTypedTensor
  case rebuildParameter
  /// A tensor with attributes: a function and its arguments.
  case rebuildFromType
  case rebuildUnreadable(Unreadable)
  case storage(TorchElement)
  case dtype(TorchElement)
  /// A function or a class whose results are plain data.
  case data

  /// Tensors without ordinary elements.
  enum Unreadable: Sendable {
    case quantised, sparse, meta, nested, subclass

    /// What to say of such a tensor.
    var reason: String {
      switch self {
      case .quantised: "is quantised by PyTorch"
      case .sparse: "is sparse"
      case .meta: "has no values, it is on the device meta"
      case .nested: "is a nested tensor"
      case .subclass: "is of a class of its own"
      }
    }
  }

  /// The meaning of a full name such as `torch.FloatStorage`; nil when it is not known.
  init?(_ name: String) {
    if let known = Self.known[name] {
      self = known
      return
    }
    for prefix in ["torch.", "torch.cuda.", "torch.storage."] where name.hasPrefix(prefix) {
      if let element = TorchElement.storages[String(name.dropFirst(prefix.count))] {
        self = .storage(element)
        return
      }
    }
    guard name.hasPrefix("torch."), let element = TorchElement(rawValue: String(name.dropFirst(6))) else { return nil }
    self = .dtype(element)
  }

  private static let known: [String: PickleGlobal] = {
    var names: [String: PickleGlobal] = [
      "collections.OrderedDict": .orderedDictionary,
      "torch._utils._rebuild_tensor": .rebuildTensor,
      "torch._utils._rebuild_tensor_v2": .rebuildTensor,
      "torch._utils._rebuild_tensor_v3": .rebuildTypedTensor,
      "torch._utils._rebuild_parameter": .rebuildParameter,
      "torch._utils._rebuild_parameter_with_state": .rebuildParameter,
      "torch._tensor._rebuild_from_type_v2": .rebuildFromType,
      "torch._utils._rebuild_qtensor": .rebuildUnreadable(.quantised),
      "torch._utils._rebuild_sparse_tensor": .rebuildUnreadable(.sparse),
      "torch._utils._rebuild_sparse_csr_tensor": .rebuildUnreadable(.sparse),
      "torch._utils._rebuild_meta_tensor_no_storage": .rebuildUnreadable(.meta),
      "torch._utils._rebuild_nested_tensor": .rebuildUnreadable(.nested),
      "torch._utils._rebuild_wrapper_subclass": .rebuildUnreadable(.subclass),
    ]
    let data = [
      "torch.Size", "torch.device", "torch.Tensor", "torch.nn.parameter.Parameter", "torch.serialization._get_layout",
      "torch.per_tensor_affine", "torch.per_tensor_symmetric", "torch.per_channel_affine",
      "torch.per_channel_symmetric", "torch.per_channel_affine_float_qparams", "_codecs.encode",
    ]
    for name in data { names[name] = .data }
    for module in ["builtins", "__builtin__"] {
      for type in ["set", "frozenset", "bytearray", "complex"] { names["\(module).\(type)"] = .data }
    }
    return names
  }()
}

/// A storage: the record that holds its bytes and how many elements it has.
struct PickledStorage: Sendable {
  let element: TorchElement
  /// The name of its record in the archive: a range of the pickle.
  let key: Range<Int>
  let count: Int
}

/// A tensor: a view of a storage. Nothing of it is checked yet but that the numbers are not negative.
struct PickledTensor: Sendable {
  /// The number of its storage; nil when the tensor cannot be read.
  let storage: UInt32?
  let element: TorchElement
  let unreadable: PickleGlobal.Unreadable?
  /// In elements.
  let offset: Int
  let sizes: [Int]
  let strides: [Int]
}
