import Foundation

/// The kinds of mixers that models can have beside attention.
public enum Mixers {
  /// Those of this library, one line each, in the order in which they are listed.
  private static let own: [any MixerGeometry.Type] = [
    DiscreteMamba2Configuration.self,
    Mamba2Configuration.self,
    MambaConfiguration.self,
    GatedDeltaNetConfiguration.self,
    KimiDeltaConfiguration.self,
    GatedLinearConfiguration.self,
    SemiseparableConfiguration.self,
    LinearAttentionConfiguration<IdentityMap>.self,
    LinearAttentionConfiguration<ELUMap>.self,
    LinearAttentionConfiguration<HedgehogMap>.self,
    SlidingWindowAttentionConfiguration.self,
    ToeplitzConfiguration.self,
    MonarchConfiguration.self,
  ]

  private static let lock = NSLock()
  nonisolated(unsafe) private static var others: [any MixerGeometry.Type] = []

  /// All of them.
  public static var registered: [any MixerGeometry.Type] { lock.withLock { own + others } }

  /// Makes a kind of another module known, so that recipes and `config.json` can name it. Once is enough, before the
  /// first model that has it is made or opened.
  public static func register<Geometry: MixerGeometry>(_ geometry: Geometry.Type) {
    lock.withLock {
      let known = own + others
      if known.contains(where: { $0 == geometry }) { return }
      precondition(
        !known.contains { $0.kind == geometry.kind } && !geometry.kind.isAttention,
        "two kinds of mixers are called \(geometry.kind.rawValue)")
      others.append(geometry)
    }
  }
}
