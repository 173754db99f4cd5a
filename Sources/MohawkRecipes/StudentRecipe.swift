/// Shape and start of the student's mixers. Everything else is the teacher's.
public struct StudentRecipe: Codable, Sendable, Equatable {
  /// What mixes the tokens in place of attention.
  public var mixer = Mixer.automatic
  /// Whether the blocks keep the teacher's MLPs. Without them a mixer stands for the whole block (Mamba-2 and Mamba).
  public var keepsMLPs = true
  /// State size per head (rows of `h`); `nil` means the width of the teacher's heads.
  public var stateDim: Int?
  /// Heads of B and C; `nil` means the teacher's number of heads.
  public var qkHeads: Int?
  /// Heads of x and of the decay; `nil` means the teacher's number of heads. A multiple of `qkHeads`.
  public var vHeads: Int?
  /// Width of a head of x, of Mamba-2 only; `nil` means the width of the teacher's heads where mixers start
  /// from the context, else the teacher's width over `vHeads`, or twice that without MLPs.
  public var headDim: Int?
  /// Taps of the depth-wise causal convolution over x, B and C.
  public var convWidth = 4
  /// Tokens per chunk of the chunked form.
  public var chunk = 64
  /// Tokens, itself included, that a token sees by softmax attention beside the recurrent part of Discrete-Mamba-2, where
  /// `nil` is for no such window, or in sliding-window attention, where it is for 64. Other mixers have none.
  public var window: Int?
  /// First tokens of the text that a token sees beside those of the window.
  public var sinks = 4
  /// Layers, counted from 0, that keep the teacher's attention (a hybrid student).
  public var attentionLayers: [Int] = []
  /// Single heads of other layers that keep the teacher's attention beside the recurrent part (of Discrete-Mamba-2).
  public var attentionHeads: [AttentionHead] = []
  /// How such layers or heads are found instead; `nil` where `attentionLayers` and `attentionHeads` say all.
  public var attention: AttentionRule?
  /// Where the mixers start.
  public var start = Start.automatic

  /// Whether single heads keep attention, or will once a rule has found them.
  public var keepsHeads: Bool { !attentionHeads.isEmpty || attention?.isOfHeads == true }

  /// The defaults: MOHAWK, no attention kept.
  public init() {}

  /// What mixes the tokens in place of attention: a kind of mixer by its name. Which kinds there are is not known here;
  /// the student's design refuses others.
  public struct Mixer: RawRepresentable, Codable, Sendable, Hashable {
    /// The name.
    public let rawValue: String

    /// The kind of this name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Mamba-2 for teachers with the blocks of Llama, so that other tools open the student; Discrete-Mamba-2 for others,
    /// and wherever there is a window or single heads keep attention.
    public static let automatic = Mixer(rawValue: "auto")
    /// The mixer of Phi-Mamba.
    public static let discreteMamba2 = Mixer(rawValue: "discrete-mamba-2")
    /// Mamba-2 as it is published.
    public static let mamba2 = Mixer(rawValue: "mamba-2")
    /// Attention over the last tokens and the first ones.
    public static let slidingWindowAttention = Mixer(rawValue: "sliding-window-attention")
  }

  /// Where the student's mixers start.
  public enum Start: String, Codable, Sendable, CaseIterable {
    /// The context where the mixers have a head for each of the teacher's, else the paper's start.
    case automatic = "auto"
    /// Random projections, identity convolution, open gate (MOHAWK).
    case paper
    /// The state-space heads that best imitate, on a little text, what attention makes of its values; in closed form.
    case context
    /// Values and output projection of the attention, decays by how far it looks back, random B and C that are small.
    case scaled
    /// The paper's start with output projections of zeros: mixers that put out nothing.
    case silent
    /// Projections copied from attention: V to x, K to B, Q to C, O to the output (Mamba in the Llama).
    case attention

    /// Whether mixers begin as heads that were found on a little text, one for each of the attention's.
    public var needsText: Bool { self == .context || self == .scaled }
  }
}
