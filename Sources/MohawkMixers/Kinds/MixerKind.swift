/// A kind of sequence mixer, by the name that it has in `config.json`, recipes and reports.
public struct MixerKind: RawRepresentable, Hashable, Sendable {
  /// The name, such as `mamba-2`.
  public let rawValue: String

  /// A kind by its name, registered or not.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Softmax attention.
  public static let attention = MixerKind(rawValue: "attention")
  /// Softmax attention over the last tokens only.
  public static let windowedAttention = MixerKind(rawValue: "windowed-attention")
  /// The mixer of Phi-Mamba.
  public static let discreteMamba2 = DiscreteMamba2Configuration.kind
  /// Mamba-2 as it is published.
  public static let mamba2 = Mamba2Configuration.kind
  /// Mamba as it is published.
  public static let mamba = MambaConfiguration.kind

  /// Softmax attention over the last tokens and the first ones, a mixer of students.
  public static let slidingWindowAttention = SlidingWindowAttentionConfiguration.kind

  /// Whether it is the model's own attention, of either kind.
  public var isAttention: Bool { self == .attention || self == .windowedAttention }

  /// What makes mixers of this kind; nil for attention, which is not registered, and for unknown names.
  public var geometry: (any MixerGeometry.Type)? { Mixers.registered.first { $0.kind == self } }

  /// Attention, then every registered kind.
  public static var all: [MixerKind] { [.attention, .windowedAttention] + Mixers.registered.map { $0.kind } }
}
