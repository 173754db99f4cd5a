extension CanonicalForm {
  /// Bits of `kind`: the character may change in the normal form.
  static let changesNFC: UInt8 = 1
  static let changesNFD: UInt8 = 2
  static let changesCompatible: UInt8 = 4

  /// Scalars from here on neither change nor combine.
  private static let tableSize: UInt32 = 0x30000

  @inline(__always) static func kind(_ scalar: UInt32) -> UInt8 {
    scalar < tableSize ? data.kinds[Int(scalar)] : 0
  }

  @inline(__always) static func combiningClass(_ scalar: UInt32) -> UInt8 {
    scalar < tableSize ? data.classes[Int(scalar)] : 0
  }

  /// Appends the full decomposition of `scalar`.
  static func decompose(_ scalar: UInt32, into result: inout [UInt32]) {
    if kind(scalar) & changesNFD == 0 { return result.append(scalar) }
    if scalar &- Hangul.syllables < Hangul.count {
      let index = scalar - Hangul.syllables
      result.append(Hangul.leads + index / (Hangul.vowelCount * Hangul.tailCount))
      result.append(Hangul.vowels + index / Hangul.tailCount % Hangul.vowelCount)
      if index % Hangul.tailCount != 0 { result.append(Hangul.tails + index % Hangul.tailCount) }
      return
    }
    guard let pair = data.parts.find(UInt64(scalar)) else { return result.append(scalar) }
    decompose(UInt32(pair >> 21), into: &result)
    let second = UInt32(pair & 0x1F_FFFF)
    if second != 0 { decompose(second, into: &result) }
  }

  /// What two scalars make together, if anything.
  static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if first &- Hangul.leads < Hangul.leadCount, second &- Hangul.vowels < Hangul.vowelCount {
      let index = (first - Hangul.leads) * Hangul.vowelCount + second - Hangul.vowels
      return Hangul.syllables + index * Hangul.tailCount
    }
    if first &- Hangul.syllables < Hangul.count, (first - Hangul.syllables) % Hangul.tailCount == 0,
      second > Hangul.tails, second < Hangul.tails + Hangul.tailCount
    {
      return first + second - Hangul.tails
    }
    return data.wholes.find(UInt64(first) << 21 | UInt64(second)).map { UInt32($0) }
  }

  /// The arithmetic of Korean syllables (The Unicode Standard, section 3.12).
  private enum Hangul {
    static let syllables: UInt32 = 0xAC00
    static let leads: UInt32 = 0x1100
    static let vowels: UInt32 = 0x1161
    static let tails: UInt32 = 0x11A7
    static let leadCount: UInt32 = 19
    static let vowelCount: UInt32 = 21
    static let tailCount: UInt32 = 28
    static let count = leadCount * vowelCount * tailCount
  }

  private static let data = Data()

  /// The tables, spread out for look-up.
  private final class Data: @unchecked Sendable {  // filled in init and only read after it
    let kinds: UnsafeMutablePointer<UInt8>
    let classes: UnsafeMutablePointer<UInt8>
    /// Scalar to `first << 21 | second`.
    let parts = PairTable(capacity: CanonicalForm.decompositions.count)
    /// `first << 21 | second` to scalar.
    let wholes = PairTable(capacity: CanonicalForm.decompositions.count)

    init() {
      let count = Int(CanonicalForm.tableSize)
      kinds = .allocate(capacity: count)
      kinds.initialize(repeating: 0, count: count)
      classes = .allocate(capacity: count)
      classes.initialize(repeating: 0, count: count)
      let runs = CanonicalForm.combiningRuns
      for (index, run) in runs.enumerated() {
        let end = index + 1 < runs.count ? min(runs[index + 1] >> 8, CanonicalForm.tableSize) : CanonicalForm.tableSize
        for scalar in run >> 8..<end { classes[Int(scalar)] = UInt8(truncatingIfNeeded: run) }
      }
      for entry in CanonicalForm.decompositions {
        let scalar = entry >> 42 & 0x1F_FFFF
        let pair = entry & 0x3FF_FFFF_FFFF
        parts.set(scalar, pair)
        kinds[Int(scalar)] |= CanonicalForm.changesNFD
        if entry >> 63 == 0 {
          kinds[Int(scalar)] |= CanonicalForm.changesNFC
        } else {
          wholes.set(pair, scalar)
          kinds[Int(pair & 0x1F_FFFF)] |= CanonicalForm.changesNFC
        }
      }
      for scalar in CharacterChanges.compatibleScalars {
        kinds[Int(scalar)] |= CanonicalForm.changesCompatible
      }
      for scalar in Hangul.syllables..<Hangul.syllables + Hangul.count {
        kinds[Int(scalar)] |= CanonicalForm.changesNFD
      }
      for scalar in Hangul.vowels..<Hangul.vowels + Hangul.vowelCount {
        kinds[Int(scalar)] |= CanonicalForm.changesNFC
      }
      for scalar in Hangul.tails + 1..<Hangul.tails + Hangul.tailCount {
        kinds[Int(scalar)] |= CanonicalForm.changesNFC
      }
    }
  }
}
