import MohawkLayers
import MohawkMixers
import MohawkTensor

/// One layer of a model, open in the middle: what enters its mixer, and what becomes of the mixer's output.
///
/// Distillation walks teacher and student together and looks at each layer's insides through this, so that no model
/// has a second form for showing them.
public protocol Block {
  /// What mixes the tokens of the sequence.
  var mixer: any CausalMixer { get }
  /// All parameters of the layer.
  var parameters: [Parameter] { get }
  /// Whether the block has an MLP beside its mixer.
  var hasMLP: Bool { get }
  /// The normalised input of the mixer, in the type that the model computes in.
  func mixerInput(_ hidden: Tensor) -> Tensor
  /// The layer's output, from its input, its mixer's input and its mixer's output.
  func finish(_ hidden: Tensor, input: Tensor, mixed: Tensor) -> Tensor
}

extension Block {
  /// [batch, length, modelDim] to the same.
  public func callAsFunction(_ hidden: Tensor) -> Tensor {
    let input = mixerInput(hidden)
    return finish(hidden, input: input, mixed: mixer(input))
  }

  /// The same, which a backward pass computes a second time where `recomputing`, so that nothing is kept for it but the input.
  public func callAsFunction(_ hidden: Tensor, recomputing: Bool) -> Tensor {
    recomputing ? hidden.recomputed(through: parameters.map(\.value)) { self($0) } : self(hidden)
  }
}

/// A causal language model: embedding, blocks, final norm and head.
public protocol LanguageModel {
  /// Rows of the head; not the tokenizer's length, which may be smaller.
  var vocabulary: Int { get }
  /// Width of the hidden state.
  var modelDim: Int { get }
  /// Tokens that the model can look at, nil when there is no bound.
  var maxLength: Int? { get }
  /// The layers, from the embedding to the head.
  var blocks: [any Block] { get }
  /// Everything that training can move.
  var parameters: ParameterList { get }
  /// Ids [batch, length] to hidden states [batch, length, modelDim].
  /// - Parameters:
  ///   - ids: of the next tokens.
  ///   - position: where the first of them stands; learned positions depend on it.
  func embed(_ ids: Tensor, from position: Int) -> Tensor
  /// The final norm.
  func normalise(_ hidden: Tensor) -> Tensor
  /// Logits [.., vocabulary] of normalised hidden states.
  func head(_ normalised: Tensor) -> Tensor
  /// What `head` computes with, for losses that never hold all logits; nil for a head of another kind.
  var projection: LogitProjection? { get }
  /// Turns the windows beside the model's recurrent mixers off; nil where there are none.
  var windowSwitch: WindowSwitch? { get }
  /// Makes a frozen model ready to be asked often, such as by keeping its weights in the type that it computes in.
  func materialize()
  /// Writes `config.json` and the weights, under the names of the architecture's checkpoints, into a folder.
  func write(to folder: String) throws
}

extension LanguageModel {
  public var projection: LogitProjection? { nil }
  public var windowSwitch: WindowSwitch? { nil }
  public func materialize() {}

  /// The hidden states of a text that begins with these ids.
  public func embed(_ ids: Tensor) -> Tensor { embed(ids, from: 0) }

  /// The hidden states after the last block, before the final norm.
  /// - Parameters:
  ///   - ids: [batch, length].
  ///   - recomputing: whether a backward pass computes each block a second time, one after the other, instead of keeping
  ///     what all of them compute. Values and gradients are the same.
  public func hidden(_ ids: Tensor, recomputing: Bool = false) -> Tensor {
    blocks.reduce(embed(ids)) { hidden, block in block(hidden, recomputing: recomputing) }
  }

  /// Logits [batch, length, vocabulary] for ids [batch, length].
  public func callAsFunction(_ ids: Tensor) -> Tensor { head(normalise(hidden(ids))) }

  /// The state before the first token.
  public func emptyState(batch: Int) -> ModelState {
    ModelState(layers: blocks.map { $0.mixer.emptyState(batch: batch) })
  }

  /// The logits of the last of the next tokens, [batch, vocabulary]; the state moves on by all of them.
  public func advance(_ ids: Tensor, _ state: ModelState) -> Tensor {
    advance(ids, state, logits: 1).squeezed(1)
  }

  /// The logits of the last `count` of the next tokens, [batch, count, vocabulary]; the state moves on by all of them.
  public func advance(_ ids: Tensor, _ state: ModelState, logits count: Int) -> Tensor {
    precondition(ids.size(1) > 0, "no token to advance by")
    precondition((0...ids.size(1)).contains(count), "logits of \(count) tokens out of \(ids.size(1))")
    var hidden = embed(ids, from: state.position)
    for (block, layer) in zip(blocks, state.layers) {
      let input = block.mixerInput(hidden)
      hidden = block.finish(hidden, input: input, mixed: block.mixer.advance(input, layer))
    }
    return head(normalise(hidden.narrowed(1, from: ids.size(1) - count, length: count)))
  }

  /// Stops recording gradients for every parameter.
  public func freeze() { parameters.train { _ in false } }
}

/// What a model remembers of the tokens so far, layer by layer.
public final class ModelState {
  package let layers: [any MixerState]
  /// What a decoder has looked at and not yet accepted; a copy has nothing of that.
  package var pending: AnyObject?

  package init(layers: [any MixerState]) { self.layers = layers }

  /// How many tokens it has seen.
  public var position: Int { layers.first?.position ?? 0 }
  /// Bytes of memory that it holds.
  public var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }
  /// An independent copy.
  public func copy() -> ModelState { copy { $0.copy() } }
  /// An independent copy that is to be kept for long, apart from tensors that come and go.
  public func keptCopy() -> ModelState { copy { $0.keptCopy() } }

  private func copy(by copy: (Tensor) -> Tensor) -> ModelState {
    ModelState(layers: layers.map { $0.copy(by: copy) })
  }
}
