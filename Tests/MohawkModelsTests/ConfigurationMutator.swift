/// Numbers that are the same on every machine.
struct FuzzGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Breaks texts of JSON: values and keys by what does not belong there, bytes by others.
struct ConfigurationMutator {
  /// Values of all sorts, most of them wrong most of the time.
  static let values: [String] =
    [
      "0", "-1", "1", "2", "3", "4", "5", "6", "7", "8", "12", "16", "24", "32", "48", "61", "64", "65536", "16777216",
      "2147483648", "9007199254740993", "-9223372036854775808", "18446744073709551616", "1e308", "-1e308", "1e-320",
      "1e400", "NaN", "Infinity", "-Infinity", "0.5", "0.25", "0.75", "1.5", "-2.5", "1e-6", "true", "false", "null",
      "[]", "[0]", "[1]", "[0, 1]", "[2, 1, 0]", "[1e308, Infinity]", "[0.0, NaN]", "[null]", "[[1]]", "{}",
      "{\"a\": {}}", "\"\"", "\"auto\"", "\"gelu\"", "\"relu\"", "\"relu2\"", "\"silu\"", "\"rope\"", "\"nope\"",
      "{\"__float__\": \"Infinity\"}", "{\"rope_type\": \"yarn\", \"factor\": 2}",
      "{\"rope_type\": \"linear\", \"factor\": 1e-300}", "{\"rope_type\": \"linear\", \"factor\": 0}",
      "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4}",
      "[\"full_attention\", \"sliding_attention\", \"full_attention\"]", "[\"mamba\", \"attention\", \"mamba\"]",
      "\"\u{0}\"", "\"\\ud800\"", "\"é\"", "tru", "01", "--1", "\"", "\\", "]", "}", "{\"a\":", "/* */ 1",
      "\"" + String(repeating: "x", count: 3000) + "\"",
      String(repeating: "[", count: 600) + String(repeating: "]", count: 600),
      String(repeating: "{\"a\":", count: 100) + "1" + String(repeating: "}", count: 100),
    ]
    + [
      "phi", "llama", "mistral", "qwen2", "qwen3", "smollm3", "phi3", "olmo2", "olmo3", "gemma2",
      "gemma3_text", "gpt_neox", "gpt2", "granitemoehybrid", "bamba", "mamba2", "mamba",
      "mohawk", "gemma",
    ].map { "\"\($0)\"" }

  /// Keys with the values that all texts together have for them.
  let pairs: [(key: String, value: String)]

  /// - Parameter texts: well-formed ones.
  init(_ texts: [[UInt8]]) {
    var pairs: [(key: String, value: String)] = []
    for text in texts {
      for place in Self.places(text) {
        pairs.append(
          (String(decoding: text[place.key], as: UTF8.self), String(decoding: text[place.value], as: UTF8.self)))
      }
    }
    self.pairs = pairs
  }

  typealias Place = (key: Range<Int>, value: Range<Int>)

  /// Every key, in its quotes, and the value that follows it, in objects of any depth.
  static func places(_ text: [UInt8]) -> [Place] {
    var result: [Place] = []
    var open: [(slot: Int, start: Int)?] = []
    var pending: (slot: Int, start: Int)?
    var index = 0
    func close(_ slot: (slot: Int, start: Int)?, _ end: Int) {
      if let slot { result[slot.slot].value = slot.start..<end }
    }
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open.append(pending)
        pending = nil
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        close(pending, index)
        pending = nil
        close(open.popLast() ?? nil, index + 1)
      case UInt8(ascii: ","):
        close(pending, index)
        pending = nil
      case UInt8(ascii: "\""):
        let start = index
        index += 1
        while index < text.count, text[index] != UInt8(ascii: "\"") {
          index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        var next = index + 1
        while next < text.count, text[next] == UInt8(ascii: " ") { next += 1 }
        if pending == nil, next < text.count, text[next] == UInt8(ascii: ":") {
          result.append((start..<index + 1, 0..<0))
          pending = (result.count - 1, next + 1)
          index = next
        }
      default: break
      }
      index += 1
    }
    return result.filter { !$0.value.isEmpty }
  }

  /// A broken text.
  func mutate(_ text: [UInt8], places: [Place], with random: inout FuzzGenerator) -> [UInt8] {
    var result = text
    if Int.random(in: 0..<12, using: &random) == 0 {
      for _ in 0...Int.random(in: 0..<4, using: &random) {
        result[Int.random(in: 0..<result.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { result = Array(result.prefix(Int.random(in: 0...result.count, using: &random))) }
      return result
    }
    // From the end, so that the places before stay where they are.
    let count = [1, 1, 1, 2, 3].randomElement(using: &random)!
    let chosen = (0..<count).map { _ in places.randomElement(using: &random)! }.sorted {
      $0.key.lowerBound > $1.key.lowerBound
    }
    var end = result.count
    for place in chosen where place.value.upperBound <= end {
      switch Int.random(in: 0..<10, using: &random) {
      case 0: result.replaceSubrange(place.key, with: "\"gone\"".utf8)
      case 1: result.replaceSubrange(place.key, with: pairs.randomElement(using: &random)!.key.utf8)
      case 2: result.replaceSubrange(place.value, with: pairs.randomElement(using: &random)!.value.utf8)
      default: result.replaceSubrange(place.value, with: Self.values.randomElement(using: &random)!.utf8)
      }
      end = place.key.lowerBound
    }
    if Int.random(in: 0..<6, using: &random) == 0, let brace = result.lastIndex(of: UInt8(ascii: "}")) {
      // Another family's key, or the same once more.
      let pair = pairs.randomElement(using: &random)!
      let value = Bool.random(using: &random) ? pair.value : Self.values.randomElement(using: &random)!
      result.insert(contentsOf: ", \(pair.key): \(value)".utf8, at: brace)
    }
    return result
  }
}
