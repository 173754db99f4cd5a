import MohawkMixers
import MohawkModels
import MohawkServing
import MohawkTensor
import MohawkText

extension ServedModel {
  /// The matrix by which a head of a layer mixes a text.
  struct Matrix: Sendable {
    let ids: [Int32]
    /// Row-major, [ids, ids], lower triangular.
    let values: [Float]
  }

  /// - Throws: `APIError` when there is no such layer or head, or the text is too long.
  func matrix(of text: String, layer: Int, head: Int, _ limits: ServerLimits) async throws -> Matrix {
    guard layers.indices.contains(layer) else {
      throw APIError.invalid("layer", "must be a whole number from 0 to \(layers.count - 1)")
    }
    guard (0..<layers[layer].heads).contains(head) else {
      throw APIError.invalid("head", "must be a whole number from 0 to \(layers[layer].heads - 1)")
    }
    let ids = try ids(.text(text), limits)
    guard ids.count <= limits.matrixTokens else {
      throw APIError.invalid("text", "has \(ids.count) tokens, at most \(limits.matrixTokens) are allowed")
    }
    let values = try await batch.perform { scheduler in
      withoutGradients {
        let model = scheduler.engine.model
        let device = model.parameters.all[0].value.device
        var hidden = model.embed(Tensor(ids.map(Int64.init), shape: [1, ids.count]).to(on: device))
        for block in model.blocks[..<layer] { hidden = block(hidden) }
        let block = model.blocks[layer]
        let matrix = block.mixer.matrix(of: block.mixerInput(hidden))
        return matrix.narrowed(1, from: head, length: 1).to(.float32).to(on: .cpu).floats()
      }
    }
    return Matrix(ids: ids, values: values)
  }

  /// The answer of `/matrices`.
  func json(_ matrix: Matrix, layer: Int, head: Int) -> JSONValue {
    let names = TokenNames(tokenizer: tokenizer)
    let size = matrix.ids.count
    let rows = (0..<size).map { row in
      JSONValue.array((0...row).map { .real(Self.short(matrix.values[row * size + $0])) })
    }
    return .members([
      "model": JSONValue(name), "layer": .whole(layer), "head": .whole(head),
      "kind": JSONValue(layers[layer].kind), "tokens": .array(matrix.ids.map { JSONValue(names.text($0)) }),
      "rows": .array(rows),
    ])
  }

  /// Four digits are enough for a picture.
  private static func short(_ value: Float) -> Float {
    guard value.isFinite, value != 0 else { return 0 }
    // Bits of the significand beyond 13 are dropped.
    return Float(bitPattern: value.bitPattern & ~UInt32(0x3FF))
  }
}
