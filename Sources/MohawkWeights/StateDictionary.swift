import MohawkTensor

/// The tensors by their names that an unpickled object stands for.
///
/// The object is a dictionary of tensors, or a dictionary in which exactly one of `state_dict`, `model` and
/// `model_state_dict` is one: training scripts keep an optimizer and numbers beside it.
enum StateDictionary {
  /// Where training scripts keep the weights.
  static let nests = ["state_dict", "model", "model_state_dict"]

  /// Why an object holds no weights.
  struct Fault: Error {
    let reason: String
    var remedy = "save the model's state_dict() alone"
  }

  /// The tensors in the order of the dictionary.
  static func tensors(of top: PickleValue, in machine: Unpickler) throws(Fault) -> [(
    name: String, tensor: PickledTensor
  )] {
    guard case .dictionary(let outer) = top else { throw Fault(reason: "it holds no dictionary of tensors") }
    let members = machine.dictionaries[Int(outer)]
    var inner: [(name: String, members: [Pair])] = []
    for (key, value) in members {
      guard let name = machine.string(key), nests.contains(name), case .dictionary(let dictionary) = value else {
        continue
      }
      let members = machine.dictionaries[Int(dictionary)]
      if members.contains(where: { isTensor($0.value) }) { inner.append((name, members)) }
    }
    guard inner.count < 2 else {
      throw Fault(reason: "it holds several dictionaries of tensors: \(listed(inner.map(\.name), atMost: 5))")
    }
    return try tensors(inner.first?.members ?? members, in: machine)
  }

  private typealias Pair = (key: PickleValue, value: PickleValue)

  private static func tensors(
    _ members: [Pair], in machine: Unpickler
  ) throws(Fault) -> [(name: String, tensor: PickledTensor)] {
    var result: [(name: String, tensor: PickledTensor)] = []
    var known: Set<String> = []
    for (key, value) in members {
      guard case .tensor(let tensor) = value else {
        guard !holdsTensors(value, machine) else {
          throw Fault(
            reason:
              "its member \(quoted(machine.string(key) ?? "?")) holds tensors inside, which have no names of their own")
        }
        continue
      }
      guard let name = machine.string(key) else { throw Fault(reason: "it holds a tensor whose name is not a text") }
      guard known.insert(name).inserted else { throw Fault(reason: "tensor \(quoted(name)) occurs twice") }
      result.append((name, machine.tensors[Int(tensor)]))
    }
    guard !result.isEmpty else {
      let names = members.map { machine.string($0.key) ?? "?" }
      throw Fault(reason: "it holds no tensors" + (names.isEmpty ? "" : ", only \(listed(names, atMost: 5))"))
    }
    return result
  }

  private static func isTensor(_ value: PickleValue) -> Bool {
    if case .tensor = value { true } else { false }
  }

  /// Whether a container has a tensor right inside.
  private static func holdsTensors(_ value: PickleValue, _ machine: Unpickler) -> Bool {
    switch value {
    case .dictionary(let dictionary): machine.dictionaries[Int(dictionary)].contains { isTensor($0.value) }
    case .list(let list), .tuple(let list): machine.lists[Int(list)].contains(where: isTensor)
    default: false
    }
  }
}
