import MohawkFiles

/// What a student's mixers are to be like: the attention that they replace, and what the recipe says.
public struct StudentMixerRequest: Sendable {
  /// The teacher's attention.
  public var attention: AttentionConfiguration
  /// Epsilon of the teacher's norms.
  public var normEpsilon: Double
  /// Whether an MLP stands beside the mixer; without, the mixer stands for the whole block.
  public var keepsMLPs = true
  /// Whether the mixers start as heads that are found on a text, one for each of the attention's.
  public var startsFromText = false
  /// Size of the state per channel; nil for the width of the attention's heads.
  public var stateDim: Int?
  /// Heads of queries and keys, or of B and C; nil for as many as there are of values.
  public var qkHeads: Int?
  /// Heads of values; nil for the attention's.
  public var vHeads: Int?
  /// Width of a head of values; nil for what the kind chooses.
  public var headDim: Int?
  /// Taps of the causal convolution.
  public var convWidth = 4
  /// Tokens per chunk.
  public var chunk = 64
  /// Tokens of a window of attention beside the mixer, or of one that is the mixer; nil where the recipe names none.
  public var window: Int?
  /// First tokens of a text that such a window sees beside those.
  public var sinks = 4
  /// Heads of the layer that keep attention beside the mixer; nil for none.
  public var keptHeads: KeptHeads?

  /// The mixers that replace an attention, with nothing said about them.
  public init(replacing attention: AttentionConfiguration, normEpsilon: Double) {
    self.attention = attention
    self.normEpsilon = normEpsilon
  }

  /// Width of the model.
  public var modelDim: Int { attention.modelDim }

  /// Heads of values and of queries and keys.
  /// - Parameter width: what the heads of values are to share equally.
  /// - Throws: `MohawkError` when they do not fit each other or the width.
  public func heads(sharing width: Int) throws -> (v: Int, qk: Int) {
    let vHeads = vHeads ?? attention.heads
    let qkHeads = qkHeads ?? vHeads
    guard vHeads > 0, qkHeads > 0, vHeads.isMultiple(of: qkHeads), width.isMultiple(of: vHeads) else {
      throw MohawkError(
        .invalidValue, "\(vHeads) v heads and \(qkHeads) qk heads do not fit a model of width \(modelDim)",
        at: "student.vHeads", remedy: "the width must be a multiple of vHeads, and vHeads a multiple of qkHeads")
    }
    return (vHeads, qkHeads)
  }

  /// Refuses what a kind does not have.
  /// - Parameters:
  ///   - title: of the kind.
  ///   - window: whether it can have a window beside it.
  ///   - keptHeads: whether some of its heads can stay attention.
  ///   - block: whether it can stand for a whole block.
  ///   - headDim: whether the width of its heads can be chosen.
  public func require(of title: String, window: Bool, keptHeads: Bool = false, block: Bool, headDim: Bool) throws {
    let refused = [
      ("student.window", "a window beside it", self.window != nil && !window),
      ("student.attentionHeads", KeptHeads.name, self.keptHeads != nil && !keptHeads),
      ("student.keepsMLPs", "a form that stands for a whole block, MLP and all", !keepsMLPs && !block),
      ("student.headDim", "heads whose width is chosen", self.headDim != nil && !headDim),
    ].first { $0.2 }
    guard let refused else { return }
    throw MohawkError(
      .invalidValue, "\(title) does not have \(refused.1)", at: refused.0, remedy: "leave \(refused.0) out")
  }
}
