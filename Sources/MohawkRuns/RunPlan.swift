import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// What a distillation will take, before its models are loaded: parameters, memory by part, operations, time and disk.
public struct RunPlan {
  /// One stage.
  public struct Stage {
    /// Which.
    public let name: StageName
    /// Tokens of all passes, and the optimiser steps over them.
    public let tokens, steps: Int
    /// Tokens of a forward pass.
    public let microBatchTokens: Int
    /// Floating-point operations of a token.
    public let operations: Double
    /// Parameters that move.
    public let moving: Int
    /// Names and bytes of what is in memory at the highest.
    public let parts: [(name: String, bytes: Double)]
    /// Seconds of training; nil where nothing was measured.
    public let seconds: Double?

    /// Bytes of all parts.
    public var memory: Double { parts.reduce(0) { $0 + $1.bytes } }
  }

  /// The recipe that is planned.
  public let recipe: Recipe
  /// Parameters of both models.
  public let teacherParameters, studentParameters: Int
  /// In their order.
  public let stages: [Stage]
  /// Names and bytes of what the run writes.
  public let disk: [(name: String, bytes: Double)]
  /// What is only roughly so, in sentences.
  public let notes: [String]

  /// - Parameters:
  ///   - recipe: names teacher and stages.
  ///   - measures: whether some steps of every stage are made, on models of up to three layers, to know what they take
  ///     here; without it activations and times are left out.
  ///   - ranks: processes that share every batch.
  ///   - notice: told what is measured.
  /// - Throws: `MohawkError` when the recipe does not fit the teacher.
  public init(_ recipe: Recipe, measures: Bool, ranks: Int = 1, notice: (String) -> Void = { _ in }) throws {
    guard measures else {
      try self.init(recipe, ranks: ranks, notice: notice, probe: nil)
      return
    }
    try self.init(recipe, ranks: ranks, notice: notice) { try StageProbe($0, $1, $2, $3) }
  }

  /// What measures a stage: its name, the teacher's geometry, the recipe, and the bytes of the program without models.
  typealias Probe = (StageName, DecoderConfiguration, Recipe, Double) throws -> StageProbe

  init(_ recipe: Recipe, ranks: Int = 1, notice: (String) -> Void = { _ in }, probe: Probe?) throws {
    guard let path = recipe.teacher else {
      throw MohawkError(.invalidValue, "there is no teacher", at: "teacher", remedy: "give --teacher FOLDER")
    }
    try recipe.validate()
    let (shape, store) = try DecoderConfiguration.withWeights(path)
    var (recipe, notes) = (recipe, [String]())
    if let rule = recipe.student.attention {
      let (count, heads) = (shape.layers.count, shape.sharedAttention?.heads ?? 0)
      if let wanted = rule.headChoices(of: count * heads) {
        let layers = shape.layers.indices.reversed().filter {
          shape.layers[$0].kind == .attention && !recipe.student.attentionLayers.contains($0)
        }
        // As far apart as can be, so that as few as possible share keys.
        let all = (0..<heads).flatMap { head in layers.map { AttentionHead(layer: $0, head: head) } }
        recipe.student.attentionHeads = Array(all.prefix(wanted))
        notes.append("\(rule): heads of the last layers stand for those that the run will find")
      } else if let wanted = rule.choices(of: count) {
        recipe.student.attentionLayers = Array(max(0, count - wanted)..<count)
        notes.append("\(rule): the last layers stand for those that the run will find")
      } else {
        recipe.student.attentionLayers = rule.layers(of: count) ?? []
      }
      recipe.student.attention = nil
    }
    if recipe.signals != nil { notes.append("the teacher is counted as running, though signals stand in for it") }
    if ranks > 1 { notes.append("of \(ranks) ranks: memory of each, and time without what the network takes") }
    let teacher = Decoder.hollow(shape)
    let student = Decoder.hollow(try shape.student(recipe.student))
    let pair = try DistillationPair(teacher: teacher, student: student)
    let length = recipe.data.sequenceLength
    // The program itself, with its libraries and the tokenizer.
    let tokenizer = probe != nil ? try RunData.requireTokenizer(recipe.data.tokenizer ?? path, vocabulary: nil) : nil
    let process = Double(max(0, ProcessMemory.current().resident)) * 1_048_576
    var own = recipe
    for name in recipe.stages { own[name].batchTokens = max(1, recipe[name].batchTokens / ranks / length) * length }
    stages = try recipe.stages.map { name in
      let plan = recipe[name]
      var parts = MemoryParts(name, pair, plan, recipe.precision.compute, ranks: ranks).parts
      var seconds: Double?
      if let probe {
        notice("measuring \(name.rawValue)")
        let found = try probe(name, shape, own, process)
        parts.append(("activations", found.working))
        seconds = found.seconds * Double(plan.steps)
      }
      // Weights that were computed from it leave the mapped file in memory, from where the system takes it back.
      if recipe.precision != .float32, store.names.allSatisfy({ store.shape(of: $0)?.dtype == .float32 }) {
        parts.append(("teacher's file", 4 * Double(teacher.parameters.count)))
      }
      if name == .calibration {
        let compared = pair.student.blocks.count - pair.keptLayers.count
        let numbers = plan.stepsOfPass * plan.batchTokens * compared * shape.modelDim
        parts.append(("layer inputs", 4 * Double(numbers)))
      }
      let cost = StageCost(name, plan, pair, of: shape, length: length, teacherRuns: true)
      return Stage(
        name: name, tokens: plan.steps * plan.batchTokens, steps: plan.steps,
        microBatchTokens: min(plan.microBatchTokens ?? own[name].batchTokens, own[name].batchTokens),
        operations: cost.operations, moving: pair.moving(plan.trains).reduce(0) { $0 + $1.value.count },
        parts: [("program", process)] + parts.filter { $0.bytes > 0 }, seconds: seconds)
    }
    withExtendedLifetime(tokenizer) {}
    self.recipe = recipe
    self.notes = notes
    (teacherParameters, studentParameters) = (teacher.parameters.count, student.parameters.count)
    let moments = stages.flatMap(\.parts).filter { $0.name == "moments" }.map(\.bytes).max() ?? 0
    let weights = 4 * Double(student.parameters.count)
    let samples = recipe.stages.map { recipe.samples(of: $0).upperBound }.max() ?? 0
    let width = shape.vocabulary > 65_536 ? 4.0 : 2.0
    disk = [
      // The newest, one that is being written, and the end of the stage before.
      ("checkpoints", Double(recipe.checkpoints.keep + 1) * (weights + moments) + weights), ("student", weights),
      ("tokens", Double(samples * length) * width),
    ]
  }

  /// The stage that needs most memory.
  public var largest: Stage? { stages.max { $0.memory < $1.memory } }
}

extension RunPlan {
  /// Bytes that this process may take: what the machine has left, and what its container allows.
  public static func availableMemory() -> Double {
    var bytes = Double(ProcessInfo.processInfo.physicalMemory)
    if let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    {
      bytes = kilobytes * 1024
    }
    func cgroup(_ name: String) -> Double? {
      (try? String(contentsOfFile: "/sys/fs/cgroup/\(name)", encoding: .utf8)).flatMap {
        Double($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    if let limit = cgroup("memory.max"), let used = cgroup("memory.current") { bytes = min(bytes, limit - used) }
    return bytes
  }

  /// The smallest change of a recipe that lets every stage fit into memory: fewer tokens at a time, down to a sequence,
  /// which changes results by roundings only; then activation checkpointing, which costs a forward pass more, with as many
  /// tokens at a time as that leaves room for.
  /// - Parameters:
  ///   - recipe: what is to fit.
  ///   - memory: bytes that there are.
  ///   - ranks: processes that share every batch.
  ///   - notice: told what is measured and changed.
  /// - Returns: the plan of the recipe that fits; its `recipe` has the change in it.
  /// - Throws: `MohawkError` when nothing that could be changed is enough.
  public static func fitting(
    _ recipe: Recipe, into memory: Double, ranks: Int = 1, notice: (String) -> Void = { _ in }
  ) throws -> RunPlan {
    try fitting(recipe, into: memory, ranks: ranks, notice: notice, probe: { try StageProbe($0, $1, $2, $3) })
  }

  static func fitting(
    _ recipe: Recipe, into memory: Double, ranks: Int = 1, notice: (String) -> Void = { _ in }, probe: @escaping Probe
  ) throws -> RunPlan {
    let given = recipe
    var recipe = recipe
    while true {
      let plan = try RunPlan(recipe, ranks: ranks, notice: notice, probe: probe)
      let large = plan.stages.filter { $0.memory > memory }
      if large.isEmpty { return plan }
      for stage in large {
        let length = recipe.data.sequenceLength
        let batch = recipe[stage.name].batchTokens
        // The next smaller one that divides the batch into whole sequences.
        let smaller = stride(from: stage.microBatchTokens / 2 / length * length, to: 0, by: -length).first {
          batch.isMultiple(of: $0)
        }
        let name = stage.name.rawValue
        if let smaller {
          notice("\(name) needs \(gib(stage.memory)): \(name).microBatchTokens becomes \(smaller)")
          recipe[stage.name].microBatchTokens = smaller
        } else if recipe[stage.name].canCheckpointActivations(in: stage.name) {
          notice("\(name) needs \(gib(stage.memory)): \(name).activationCheckpointing becomes true")
          recipe[stage.name].activationCheckpointing = true
          recipe[stage.name].microBatchTokens = given[stage.name].microBatchTokens
        } else {
          throw plan.excess(stage, memory)
        }
      }
    }
  }

  static func gib(_ bytes: Double) -> String { String(format: "%.2f GiB", bytes / 1_073_741_824) }

  /// Refuses a run that cannot fit into a machine whatever is changed.
  /// - Parameter memory: bytes that the machine has at all.
  public func requireMemory(_ memory: Double = Double(ProcessInfo.processInfo.physicalMemory)) throws {
    for stage in stages where stage.memory > memory { throw excess(stage, memory) }
  }

  private func excess(_ stage: Stage, _ memory: Double) -> MohawkError {
    let parts = stage.parts.map { "\($0.name) \(Self.gib($0.bytes))" }.joined(separator: ", ")
    let layers = stage.name == .distillation ? "" : ", some of the layers at a time (--layers)"
    return MohawkError(
      .outOfRange,
      "stage \(stage.name.rawValue) needs \(Self.gib(stage.memory)) of memory (\(parts)), and there are \(Self.gib(memory))",
      at: stage.name.rawValue,
      remedy: "use shorter sequences, a smaller teacher\(layers), or a machine with more memory")
  }
}
