import MohawkModels

/// Remembers states by the tokens that led to them, so that a text that begins like an earlier one is read from where
/// they part.
///
/// The tokens stand in a tree whose branches are shared beginnings. The bytes of all states and of the tree's tokens
/// never exceed the budget: the state that was not used for longest goes first. States are copied on their way in and
/// out. Not `Sendable`: it lives on the thread of the engine whose states it keeps.
public final class PrefixCache {
  /// Bytes that states and tokens may have together.
  public let byteBudget: Int
  /// States of a long text are worth keeping after every so many tokens.
  public let every: Int
  /// Bytes that states and tokens have together now.
  public private(set) var byteCount = 0
  /// How many states there are.
  public private(set) var count = 0
  private let root = Node([], nil)
  private var clock = 0
  /// The nodes that have a state, by their last use.
  private var uses: [Int: Node] = [:]
  /// No state was last used before this.
  private var oldestUse = 0

  /// Nothing yet.
  public init(byteBudget: Int, every: Int = 256) {
    precondition(byteBudget >= 0 && every > 0, "a budget of \(byteBudget) bytes, a state every \(every) tokens")
    (self.byteBudget, self.every) = (byteBudget, every)
  }

  /// A copy of the state after the longest known beginning of these tokens, and how many tokens that are. At least one
  /// token remains to be read, because only reading tells what comes next.
  public func longest(_ ids: some RandomAccessCollection<Int32>) -> (state: ModelState, count: Int)? {
    var (node, depth) = (root, 0)
    var found: (node: Node, depth: Int)?
    while let first = ids.dropFirst(depth).first, let child = node.children[first],
      ids.dropFirst(depth).starts(with: child.edge)
    {
      (node, depth) = (child, depth + child.edge.count)
      if node.state != nil, depth < ids.count { found = (node, depth) }
    }
    guard let found else { return nil }
    touch(found.node)
    return (found.node.state!.copy(), found.depth)
  }

  /// Keeps a copy of the state after these tokens; one that is larger than the budget is not kept.
  public func insert(_ ids: some RandomAccessCollection<Int32>, _ state: ModelState) {
    precondition(state.position == ids.count, "a state after \(state.position) tokens for \(ids.count) tokens")
    let tokens = ids.count * Self.tokenBytes
    guard !ids.isEmpty, state.byteCount + tokens <= byteBudget else { return }
    let kept = state.keptCopy()
    guard kept.byteCount + tokens <= byteBudget else { return }
    let node = place(ids)
    touch(node)
    guard node.state == nil else { return }
    node.state = kept
    byteCount += kept.byteCount
    count += 1
    while byteCount > byteBudget { forgetOldest() }
  }

  /// Forgets everything.
  public func removeAll() {
    (root.children, uses) = ([:], [:])
    (byteCount, count) = (0, 0)
  }

  // MARK: the tree

  private static let tokenBytes = MemoryLayout<Int32>.size

  private final class Node {
    /// The tokens between its parent and itself.
    var edge: [Int32]
    weak var parent: Node?
    /// By the first token of their edges.
    var children: [Int32: Node] = [:]
    var state: ModelState?
    var lastUse = 0

    init(_ edge: [Int32], _ parent: Node?) { (self.edge, self.parent) = (edge, parent) }
  }

  /// Notes that a node is used which has a state, or gets one.
  private func touch(_ node: Node) {
    uses[node.lastUse] = nil
    clock += 1
    node.lastUse = clock
    uses[clock] = node
  }

  /// The node after these tokens, made when it is not there.
  private func place(_ ids: some RandomAccessCollection<Int32>) -> Node {
    var node = root
    var rest = ids[...]
    while let first = rest.first {
      guard let child = node.children[first] else {
        let leaf = Node(Array(rest), node)
        node.children[first] = leaf
        byteCount += rest.count * Self.tokenBytes
        return leaf
      }
      let shared = zip(child.edge, rest).prefix { $0 == $1 }.count
      node = shared == child.edge.count ? child : split(child, after: shared)
      rest = rest.dropFirst(shared)
    }
    return node
  }

  /// Puts a node into the edge to `child`.
  private func split(_ child: Node, after count: Int) -> Node {
    let middle = Node(Array(child.edge.prefix(count)), child.parent)
    child.parent!.children[child.edge[0]] = middle
    child.edge.removeFirst(count)
    child.parent = middle
    middle.children[child.edge[0]] = child
    return middle
  }

  private func forgetOldest() {
    guard !uses.isEmpty else { preconditionFailure("bytes without a state") }
    while uses[oldestUse] == nil { oldestUse += 1 }
    let oldest = uses.removeValue(forKey: oldestUse)!
    byteCount -= oldest.state!.byteCount
    count -= 1
    oldest.state = nil
    prune(oldest)
  }

  /// Removes what leads to no state, and joins edges where nothing branches off any more.
  private func prune(_ node: Node) {
    var node = node
    while let parent = node.parent, node.state == nil, node.children.isEmpty {
      parent.children[node.edge[0]] = nil
      byteCount -= node.edge.count * Self.tokenBytes
      node = parent
    }
    guard let parent = node.parent, node.state == nil, let child = node.children.values.first, node.children.count == 1
    else { return }
    child.edge = node.edge + child.edge
    child.parent = parent
    parent.children[node.edge[0]] = child
  }
}
