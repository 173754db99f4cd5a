import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkReports
import MohawkTensor

/// Fits classes of structured matrices to the matrices of a model's heads: many heads and texts at once.
public struct ApproximationStudy {
  /// More numbers of matrices than this are refused: 64 heads of 8 texts of 512 tokens.
  static let limit = 64 * 8 * 512 * 512

  /// Orders of the classes that have one.
  public var orders = [8, 16, 32, 64]
  /// Heads of each layer, spread evenly.
  public var heads = 1
  /// Whether columns are multiplied by the lengths of their values: columns that carry nothing then count for nothing.
  public var isWeighted = false
  /// Of gradient descent.
  public var search = MatrixApproximation.Search()

  /// The defaults.
  public init() {}

  /// - Parameters:
  ///   - model: whose heads.
  ///   - name: of the model.
  ///   - ids: [texts, length].
  ///   - layers: which, counted from 0.
  ///   - progress: is told of every class before it begins.
  /// - Throws: `MohawkError` for layers, heads and orders that there are not.
  public func run(
    _ model: Decoder, name: String, _ ids: Tensor, layers: [Int], progress: (String) -> Void = { _ in }
  ) throws -> ApproximationReport {
    try check(model, ids, layers)
    let (found, matrices) = withoutGradients { self.matrices(model, ids, layers) }
    let texts = ids.size(0)
    var duals: [Int: [Double]] = [:]
    let rows = MatrixClass.all(orders: orders).map { kind in
      progress(kind.name + (kind.order.map { " of order \($0)" } ?? ""))
      let start = ContinuousClock.now
      var errors = MatrixApproximation.errors(of: matrices, in: kind, search)
      if case .ssd(let order) = kind { duals[order] = errors }
      // Every SSD matrix is semiseparable too.
      if case .semiseparable(let order) = kind, let dual = duals[order] { errors = zip(errors, dual).map(min) }
      let means = found.indices.map { head in
        errors[head * texts..<(head + 1) * texts].reduce(0, +) / Double(texts)
      }
      return ApproximationReport.Row(
        name: kind.name, order: kind.order, errors: means, seconds: (ContinuousClock.now - start) / .seconds(1))
    }
    return ApproximationReport(
      name: name, heads: found, texts: texts, length: ids.size(1), steps: search.steps, isWeighted: isWeighted,
      rows: rows)
  }

  private func check(_ model: Decoder, _ ids: Tensor, _ layers: [Int]) throws {
    for layer in layers where !model.blocks.indices.contains(layer) {
      throw MohawkError(
        .outOfRange, "there is no layer \(layer)", at: "--layer", remedy: "use 0 to \(model.blocks.count - 1)")
    }
    for layer in layers where !(1...model.blocks[layer].mixer.heads).contains(heads) {
      throw MohawkError(
        .outOfRange, "layer \(layer) has \(model.blocks[layer].mixer.heads) heads, not \(heads)", at: "--heads",
        remedy: "ask for fewer")
    }
    let (texts, length) = (ids.size(0), ids.size(1))
    for order in orders where !(1..<length).contains(order) {
      throw MohawkError(
        .outOfRange, "an order of \(order) is not from 1 to below the \(length) tokens of a text", at: "--orders",
        remedy: "give smaller orders, or a larger --length")
    }
    guard layers.count * heads * texts * length * length <= Self.limit else {
      throw MohawkError(
        .outOfRange, "\(layers.count * heads) heads on \(texts) texts of \(length) tokens are too many at once",
        remedy: "name fewer layers, heads or texts, or a smaller --length")
    }
  }

  /// The matrices one below the other by head, then by text: [heads · texts, length, length].
  private func matrices(_ model: Decoder, _ ids: Tensor, _ layers: [Int]) -> ([ApproximationReport.Head], Tensor) {
    var found: [ApproximationReport.Head] = []
    var parts: [Tensor] = []
    var hidden = model.embed(ids)
    for (layer, block) in model.blocks.enumerated() where layer <= layers.max() ?? -1 {
      if layers.contains(layer) {
        let all = matrix(block.mixer, block.mixerInput(hidden))
        for index in 0..<heads {
          let head = index * block.mixer.heads / heads
          found.append(.init(layer: layer, head: head))
          parts.append(all.selected(1, head))
        }
      }
      hidden = block(hidden)
    }
    return (found, .concatenated(parts, 0))
  }

  private func matrix(_ mixer: some SequenceMixer, _ input: Tensor) -> Tensor {
    let operands = mixer.operands(input, for: .mixing)
    let matrix = mixer.matrix(operands).to(.float32, on: .cpu)
    guard isWeighted else { return matrix }
    let lengths = mixer.values(operands).to(.float32, on: .cpu).square().sum(over: -1).sqrt().transposed(1, 2)
    return matrix * lengths.unsqueezed(-2)
  }
}
