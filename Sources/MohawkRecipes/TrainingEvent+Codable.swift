/// One flat JSON object per event: `{"event": "step", "stage": "orientation", "loss": 1.5, …}`.
///
/// Numbers that JSON lacks are written as the strings `nan`, `inf` and `-inf`; a `null` is read as NaN.
extension TrainingEvent: Codable {
  private enum Kind: String, Codable {
    case started, stageStarted, step, evaluated, checkpointed, stageEnded, ended
  }

  private enum Key: String, CodingKey { case event, stage, step, steps, tokens, path, seconds }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    switch try values.decode(Kind.self, forKey: .event) {
    case .started: self = .started(try RunInfo(from: decoder))
    case .stageStarted:
      self = .stageStarted(
        try values.decode(StageName.self, forKey: .stage), step: try values.decode(Int.self, forKey: .step),
        steps: try values.decode(Int.self, forKey: .steps), tokens: try values.decode(Int.self, forKey: .tokens))
    case .step: self = .step(try StepRecord(from: decoder))
    case .evaluated: self = .evaluated(try EvaluationRecord(from: decoder))
    case .checkpointed:
      self = .checkpointed(
        path: try values.decode(String.self, forKey: .path), step: try values.decode(Int.self, forKey: .step))
    case .stageEnded:
      self = .stageEnded(
        try values.decode(StageName.self, forKey: .stage), step: try values.decode(Int.self, forKey: .step),
        seconds: try values.number(.seconds), tokens: try values.decode(Int.self, forKey: .tokens))
    case .ended: self = .ended
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    switch self {
    case .started(let info):
      try values.encode(Kind.started, forKey: .event)
      try info.encode(to: encoder)
    case .stageStarted(let stage, let step, let steps, let tokens):
      try values.encode(Kind.stageStarted, forKey: .event)
      try values.encode(stage, forKey: .stage)
      try values.encode(step, forKey: .step)
      try values.encode(steps, forKey: .steps)
      try values.encode(tokens, forKey: .tokens)
    case .step(let record):
      try values.encode(Kind.step, forKey: .event)
      try record.encode(to: encoder)
    case .evaluated(let record):
      try values.encode(Kind.evaluated, forKey: .event)
      try record.encode(to: encoder)
    case .checkpointed(let path, let step):
      try values.encode(Kind.checkpointed, forKey: .event)
      try values.encode(path, forKey: .path)
      try values.encode(step, forKey: .step)
    case .stageEnded(let stage, let step, let seconds, let tokens):
      try values.encode(Kind.stageEnded, forKey: .event)
      try values.encode(stage, forKey: .stage)
      try values.encode(step, forKey: .step)
      try values.encodeNumber(seconds, .seconds)
      try values.encode(tokens, forKey: .tokens)
    case .ended:
      try values.encode(Kind.ended, forKey: .event)
    }
  }
}
