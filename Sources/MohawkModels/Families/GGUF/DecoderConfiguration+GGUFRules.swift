import MohawkMixers

// What llama.cpp knows of an architecture by its name, so that files do not say it.
extension DecoderConfiguration {
  /// Of how many layers of SmolLM 3 the last one has no positions.
  package static var unplacedPeriodOfGGUF: Int { GGUFGeometry.unplacedPeriod }
  /// The scale of Gemma's scores by its size; nil for the usual one.
  package static func gemmaScaleOfGGUF(layers: Int, _ attention: AttentionConfiguration) -> Double? {
    GGUFGeometry.gemmaScale(layers: layers, attention)
  }
  /// The tensors of LongRoPE's factors, for texts up to the original length and for longer ones.
  package static var longRoPETables: (short: String, long: String) { (GGUFGeometry.shortTable, GGUFGeometry.longTable) }
}
