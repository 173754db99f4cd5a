import MohawkTensor
import MohawkWeights

/// The tensors of a checkpoint as a tree of modules, equal layers in one branch.
public struct WeightTree: Sendable {
  /// A module or a tensor.
  public struct Node: Sendable, Equatable {
    /// Its name below its parent: `mlp`, `weight`, or for equal layers `0…3, 5…9`.
    public let name: String
    /// How many equal ones it stands for.
    public let times: Int
    /// The type and shape, of a tensor.
    public let shape: WeightShape?
    /// What is below it.
    public let children: [Node]
    /// Elements of all tensors below it, times counted.
    public let elements: Int
    /// Bytes of all tensors below it, times counted.
    public let bytes: Int
  }

  /// The modules at the top.
  public let roots: [Node]
  /// Elements of all tensors.
  public var elements: Int { roots.reduce(0) { $0 + $1.elements } }
  /// Bytes of all tensors in the files.
  public var bytes: Int { roots.reduce(0) { $0 + $1.bytes } }
  /// Elements by type.
  public let types: [(dtype: DType, elements: Int)]

  /// Reads names and shapes only.
  public init(_ store: any WeightStore) {
    let tensors = store.names.sorted(by: Self.naturally).compactMap { name in store.shape(of: name).map { (name, $0) } }
    roots = Self.nodes(tensors.map { ($0.0.split(separator: ".").map(String.init)[...], $0.1) })
    var counts: [DType: Int] = [:]
    for (_, shape) in tensors { counts[shape.dtype, default: 0] += shape.elements }
    types = counts.sorted { $0.value > $1.value }.map { ($0.key, $0.value) }
  }

  private static func naturally(_ a: String, _ b: String) -> Bool {
    let (a, b) = (a.split(separator: "."), b.split(separator: "."))
    for (x, y) in zip(a, b) where x != y {
      if let m = Int(x), let n = Int(y), m != n { return m < n }
      return x < y
    }
    return a.count < b.count
  }

  private static func nodes(_ tensors: [(path: ArraySlice<String>, shape: WeightShape)]) -> [Node] {
    var order: [String] = []
    var below: [String: [(ArraySlice<String>, WeightShape)]] = [:]
    for (path, shape) in tensors {
      let name = path.first ?? ""
      if below[name] == nil { order.append(name) }
      below[name, default: []].append((path.dropFirst(), shape))
    }
    let all = order.map { name -> Node in
      let inner = below[name]!
      if inner.count == 1, inner[0].0.isEmpty {
        let shape = inner[0].1
        return Node(
          name: name, times: 1, shape: shape, children: [], elements: shape.elements, bytes: shape.byteCount)
      }
      let children = nodes(inner)
      return Node(
        name: name, times: 1, shape: nil, children: children, elements: children.reduce(0) { $0 + $1.elements },
        bytes: children.reduce(0) { $0 + $1.bytes })
    }
    return joined(all)
  }

  /// Numbered children that are equal become one.
  private static func joined(_ nodes: [Node]) -> [Node] {
    guard nodes.count > 1, nodes.allSatisfy({ Int($0.name) != nil }) else { return nodes }
    var groups: [(numbers: [Int], node: Node)] = []
    for node in nodes {
      if let index = groups.firstIndex(where: { $0.node.children == node.children && $0.node.shape == node.shape }) {
        groups[index].numbers.append(Int(node.name)!)
      } else {
        groups.append(([Int(node.name)!], node))
      }
    }
    return groups.map { numbers, node in
      Node(
        name: ranges(numbers), times: numbers.count, shape: node.shape, children: node.children,
        elements: node.elements * numbers.count, bytes: node.bytes * numbers.count)
    }
  }

  private static func ranges(_ numbers: [Int]) -> String {
    var parts: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = parts.last, last.upperBound + 1 == number {
        parts[parts.count - 1] = last.lowerBound...number
      } else {
        parts.append(number...number)
      }
    }
    return parts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)…\($0.upperBound)" }
      .joined(separator: ", ")
  }
}

extension WeightShape {
  /// How many numbers it holds.
  public var elements: Int { sizes.reduce(1, *) }
}

extension WeightTree {
  /// Lines of a tree with shapes, types and counts.
  public var lines: [String] {
    var rows: [(tree: String, shape: String, type: String, count: String)] = []
    func walk(_ nodes: [Node], _ indent: String) {
      for (index, node) in nodes.enumerated() {
        let isLast = index == nodes.count - 1
        let times = node.times > 1 ? " (\(node.times) equal)" : ""
        rows.append(
          (
            indent + (isLast ? "└ " : "├ ") + node.name + times,
            node.shape.map { "[\($0.sizes.map(String.init).joined(separator: ", "))]" } ?? "",
            node.shape.map { "\($0.dtype)" } ?? "", Self.grouped(node.elements)
          ))
        walk(node.children, indent + (isLast ? "  " : "│ "))
      }
    }
    walk(roots, "")
    func width(_ part: (_ row: (tree: String, shape: String, type: String, count: String)) -> String) -> Int {
      rows.map { part($0).count }.max() ?? 0
    }
    func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: width - text.count) }
    let widths = (width { $0.tree }, width { $0.shape }, width { $0.type }, width { $0.count })
    return rows.map { row in
      padded(row.tree, widths.0) + "  " + padded(row.shape, widths.1) + "  " + padded(row.type, widths.2) + "  "
        + String(repeating: " ", count: widths.3 - row.count.count) + row.count
    }
  }

  /// 1234567 as 1,234,567.
  public static func grouped(_ number: Int) -> String {
    var result = ""
    for (index, digit) in "\(number)".reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { result.append(",") }
      result.append(digit)
    }
    return String(result.reversed())
  }
}
