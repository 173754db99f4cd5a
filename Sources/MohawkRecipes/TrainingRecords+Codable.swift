extension StepRecord: Codable {
  private enum Key: String, CodingKey {
    case stage, step, stageStep, stageSteps, tokens, loss, perLayer, learningRate, gradientNorm, tokensPerSecond
    case seconds, memoryMiB, peakMemoryMiB, eta
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    self.init(
      stage: try values.decode(StageName.self, forKey: .stage), step: try values.decode(Int.self, forKey: .step),
      stageStep: try values.decode(Int.self, forKey: .stageStep),
      stageSteps: try values.decode(Int.self, forKey: .stageSteps),
      tokens: try values.decode(Int.self, forKey: .tokens), loss: try values.number(.loss),
      perLayer: try values.decodeIfPresent([AnyNumber].self, forKey: .perLayer)?.map(\.value),
      learningRate: try values.number(.learningRate), gradientNorm: try values.number(.gradientNorm),
      tokensPerSecond: try values.number(.tokensPerSecond), seconds: try values.number(.seconds),
      memoryMiB: try values.number(.memoryMiB), peakMemoryMiB: try values.number(.peakMemoryMiB),
      eta: try values.number(.eta))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(stage, forKey: .stage)
    try values.encode(step, forKey: .step)
    try values.encode(stageStep, forKey: .stageStep)
    try values.encode(stageSteps, forKey: .stageSteps)
    try values.encode(tokens, forKey: .tokens)
    try values.encodeNumber(loss, .loss)
    try values.encodeIfPresent(perLayer?.map(AnyNumber.init), forKey: .perLayer)
    try values.encodeNumber(learningRate, .learningRate)
    try values.encodeNumber(gradientNorm, .gradientNorm)
    try values.encodeNumber(tokensPerSecond, .tokensPerSecond)
    try values.encodeNumber(seconds, .seconds)
    try values.encodeNumber(memoryMiB, .memoryMiB)
    try values.encodeNumber(peakMemoryMiB, .peakMemoryMiB)
    try values.encodeNumber(eta, .eta)
  }
}

extension Metric: Codable {
  private enum Key: String, CodingKey { case name, value }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    self.init(try values.decode(String.self, forKey: .name), try values.number(.value))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(name, forKey: .name)
    try values.encodeNumber(value, .value)
  }
}

/// A number in JSON that may be NaN or infinite: written as a string then, read from a number, string or null.
struct AnyNumber: Codable {
  var value: Double

  init(_ value: Double) { self.value = value }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      value = .nan
    } else if let number = try? container.decode(Double.self) {
      value = number
    } else {
      let text = try container.decode(String.self)
      guard let number = Double(text.lowercased()) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "“\(text)” is not a number")
      }
      value = number
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if value.isFinite { try container.encode(value) } else { try container.encode("\(value)") }
  }
}

extension KeyedDecodingContainer {
  /// The number at `key`; NaN when it is null or absent.
  func number(_ key: Key) throws -> Double { try decodeIfPresent(AnyNumber.self, forKey: key)?.value ?? .nan }
}

extension KeyedEncodingContainer {
  mutating func encodeNumber(_ value: Double, _ key: Key) throws { try encode(AnyNumber(value), forKey: key) }
}
