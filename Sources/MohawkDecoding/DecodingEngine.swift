import CMohawkDecoder
import MohawkFiles
import MohawkModels
import MohawkTensor

/// Reads and continues sequences over one set of weights; every sequence has a state of its own.
///
/// Long reads go through libtorch's matrix products in chunks; steps, verification and short reads through a native
/// decoder, which reads every weight once for all tokens of a call, and long ones too where there is no libtorch. Both work
/// on the same states and continue each other.
/// What a step computes for a sequence is the same to the last bit whatever other sequences are in the call, and on any
/// number of threads.
///
/// An engine and its states belong to one thread at a time.
public final class DecodingEngine {
  /// The model whose tokens these are.
  public let model: Decoder
  /// Nil where the native decoder cannot be used; then the model's own forward pass does everything.
  private let plan: DecodingPlan?
  private var states = NativeStates()
  private var room: Tensor?
  private var spare: VerifiedTokens?

  /// Whether matrices are others than the model's, so that the model's own forward pass is of no use.
  package var isRounded: Bool { rounded != nil }
  private let rounded: QuantizedDecoder?

  /// As many tokens as the native decoder reads faster than libtorch does, whose operations have a cost of their own: fewer
  /// where matrices are large, and where every token looks at all before.
  var shortRead: Int {
    if Instructions.current == .portable { return 8 }
    return model.configuration.hasAttention || model.modelDim > 1024 ? 32 : 64
  }
  /// Tokens of one call where the native decoder reads everything.
  static let longRead = 128
  /// Tokens of one call where libtorch reads: what lies between layers needs memory for so many, however long a text is.
  static let plainRead = 4096

  /// Decodes with the weights of `model` as they are.
  public init(_ model: Decoder) {
    self.model = model
    plan = DecodingPlan(model)
    rounded = nil
  }

  /// Decodes with rounded matrices, whatever numbers the model itself holds.
  public init(_ rounded: QuantizedDecoder) {
    model = rounded.model
    guard let plan = DecodingPlan(model, rounded: rounded) else {
      preconditionFailure("rounded matrices are for models in fp32 or bf16 on the CPU")
    }
    self.plan = plan
    self.rounded = rounded
  }

  /// Decodes with the matrices of `model` at this precision; nil keeps the model's.
  public convenience init(_ model: Decoder, weights: WeightPrecision?) {
    if let weights {
      self.init(QuantizedDecoder(model, weights))
    } else {
      self.init(model)
    }
  }

  /// Opens a model to decode: a folder, whose weights stay the mapped file where they can, a quantised folder, or a GGUF
  /// file.
  ///
  /// Quantised matrices of a GGUF file become int8 one after the other, whatever blocks they come in: each number within
  /// a 250th of the largest of its group of 32.
  /// - Parameters:
  ///   - path: the folder with `config.json` and weights, or the GGUF file.
  ///   - weights: the precision of the matrices; nil keeps the file's.
  ///   - device: where the model is to live. Only processors multiply by int8 and int4 matrices.
  /// - Throws: `MohawkError` when it cannot be opened, is a folder quantised to another precision, or has matrices that
  ///   the device cannot multiply by.
  public static func open(
    _ path: String, weights: WeightPrecision? = nil, on device: Device = .cpu
  ) throws -> DecodingEngine {
    let isQuantized = try DecoderConfiguration.isQuantized(folder: path)
    let precision = try isQuantized ? nil : weights ?? WeightPrecision.kept(of: path)
    guard device.usesMainMemory || !isQuantized && precision?.isQuantized != true else {
      throw MohawkError(
        .unsupported, "int8 and int4 matrices are for processors, and the device is '\(device)'", at: path,
        remedy: "open a model that was not quantised, with --weights bf16 or f32, or leave --device out")
    }
    if isQuantized {
      let rounded = try QuantizedDecoder.open(path)
      guard weights == nil || weights == rounded.precision else {
        throw MohawkError(
          .invalidValue, "these weights are \(rounded.precision.rawValue) and cannot become \(weights!.rawValue)",
          at: path, remedy: "open the model that was quantised")
      }
      return DecodingEngine(rounded)
    }
    switch precision {
    case nil:
      let model = try Decoder.open(path, dtype: nil, on: device)
      model.freeze()
      return DecodingEngine(model)
    case .float32: return DecodingEngine(try Decoder.open(path, computing: .float32, on: device))
    case .bfloat16:
      // In bf16 alone, so that there is no copy of more.
      let model = try Decoder.open(path, dtype: .bfloat16, on: device)
      model.freeze()
      return DecodingEngine(model)
    case .int8?, .int4?: return DecodingEngine(try QuantizedDecoder.rounding(path, precision ?? .int8))
    }
  }

  /// An engine of the first layers, with the same embedding, final norm and head. It shares the weights.
  /// - Parameter count: from 1 to the number of layers.
  public func firstLayers(_ count: Int) -> DecodingEngine {
    let part = model.firstLayers(count)
    guard let rounded else { return DecodingEngine(part) }
    return DecodingEngine(QuantizedDecoder(part, rounded.precision, rounded.matrices))
  }

  /// An engine of the same model with the windows beside its recurrent mixers off: it, and the model itself, mix by
  /// their recurrent parts alone from then on.
  /// - Throws: `MohawkError` when the model has no such window.
  public func withWindowsOff() throws -> DecodingEngine {
    guard let windowSwitch = model.windowSwitch else {
      throw MohawkError(
        .invalidValue, "this model has no window beside a recurrent part",
        remedy: "evaluate it as it is, or a student of a recipe with student.window")
    }
    windowSwitch.setting = .off
    return rounded.map { DecodingEngine($0) } ?? DecodingEngine(model)
  }

  /// Rows of the logits.
  public var vocabulary: Int { model.vocabulary }
  /// Tokens that a sequence can have, nil when there is no bound.
  public var maxLength: Int? { model.maxLength }

  /// The state before the first token.
  public func emptyState() -> ModelState { model.emptyState(batch: 1) }

  /// Reads the next tokens of a sequence; the state moves on by all of them.
  /// - Parameters:
  ///   - ids: at least one, all inside the vocabulary.
  ///   - state: of the sequence.
  ///   - count: of how many of the last of these tokens the logits are wanted.
  /// - Returns: what comes after each of them, fp32 [count, vocabulary] on the CPU; valid until the next call.
  public func read(_ ids: [Int32], _ state: ModelState, logits count: Int = 1) -> Tensor {
    let native = isRounded || ids.count <= shortRead || !Runtime.isTorchAvailable ? plan : nil
    let step = native == nil ? Self.plainRead : Self.longRead
    let parts = stride(from: 0, to: ids.count, by: step).map { first in
      let part = Array(ids[first..<min(first + step, ids.count)])
      let wanted = max(0, first + part.count - max(first, ids.count - count))
      guard let native else { return readPlainly(part, state, logits: wanted) }
      let logits = run(native, part, [part.count], [state], logits: [wanted], recording: nil)
      NativeStates.move(state, by: part.count)
      return wanted > 0 && ids.count > step ? logits.copy() : logits
    }
    return parts.count == 1 ? parts[0] : .concatenated(parts, 0)
  }

  /// One more token for each of several sequences.
  /// - Parameters:
  ///   - ids: one for each sequence.
  ///   - states: of the sequences, all different.
  /// - Returns: what comes next in each, fp32 [sequences, vocabulary] on the CPU; valid until the next call.
  public func step(_ ids: [Int32], _ states: [ModelState]) -> Tensor {
    precondition(ids.count == states.count && !ids.isEmpty, "one token for each of at least one sequence")
    guard let plan else { return .concatenated(zip(ids, states).map { readPlainly([$0], $1, logits: 1) }, 0) }
    let ones = Array(repeating: 1, count: ids.count)
    let logits = run(plan, ids, ones, states, logits: ones, recording: nil)
    for state in states { NativeStates.move(state, by: 1) }
    return logits
  }

  /// What would come after each of these tokens; the state stays until `commit` accepts some of them.
  /// - Returns: fp32 [ids, vocabulary] on the CPU; valid until the next call.
  public func verify(_ ids: [Int32], _ state: ModelState) -> Tensor {
    let verified = state.pending as? VerifiedTokens ?? spare ?? VerifiedTokens()
    spare = nil
    verified.position = state.position
    verified.ids = ids
    state.pending = verified
    guard let plan else { return readPlainly(ids, state.copy(), logits: ids.count) }
    return run(plan, ids, [ids.count], [state], logits: [ids.count], recording: verified)
  }

  /// Moves the state by the first `count` of the tokens that `verify` was given last for it.
  public func commit(_ count: Int, _ state: ModelState) {
    guard let verified = state.pending as? VerifiedTokens, verified.position == state.position else {
      preconditionFailure("nothing was verified for this state")
    }
    precondition((0...verified.ids.count).contains(count), "\(count) of \(verified.ids.count) verified tokens")
    state.pending = nil
    spare = verified
    if count == 0 { return }
    guard let plan else {
      _ = readPlainly(Array(verified.ids.prefix(count)), state, logits: 0)
      return
    }
    states.removeAll()
    states.append(state, of: model, adding: count, plan.cache)
    states.all.withUnsafeBufferPointer {
      check(mhk_plan_commit(plan.handle, verified.record, Int64(count), $0.baseAddress!, Int32(Runtime.threads)))
    }
    NativeStates.move(state, by: count)
  }

  private func readPlainly(_ ids: [Int32], _ state: ModelState, logits count: Int) -> Tensor {
    withoutGradients {
      let device = model.parameters.all[0].value.device
      let row = Tensor(ids.map(Int64.init), shape: [1, ids.count]).to(on: device)
      return model.advance(row, state, logits: count).squeezed(0).to(.float32).to(on: .cpu)
    }
  }

  /// The next `counts` of `ids` for each state; states but for keys and values move on unless recorded.
  private func run(
    _ plan: DecodingPlan, _ ids: [Int32], _ counts: [Int], _ sequences: [ModelState], logits wanted: [Int],
    recording verified: VerifiedTokens?
  ) -> Tensor {
    precondition(ids.allSatisfy { (0..<Int32(vocabulary)).contains($0) }, "an id outside the vocabulary")
    states.removeAll()
    for (state, count) in zip(sequences, counts) {
      precondition(count > 0 && state.position + count <= maxLength ?? .max, "no token, or more than the model knows")
      states.append(state, of: model, adding: count, plan.cache)
    }
    let rows = wanted.reduce(0, +)
    let logits = logits(rows: rows)
    ids.withUnsafeBufferPointer { ids in
      states.all.withUnsafeBufferPointer { layers in
        var first = 0
        let described = sequences.indices.map { index in
          defer { first += counts[index] }
          return mhk_sequence(
            ids: ids.baseAddress! + first, count: Int64(counts[index]), position: Int64(sequences[index].position),
            logits: Int64(wanted[index]), layers: layers.baseAddress! + index * model.blocks.count)
        }
        let out = logits.address.assumingMemoryBound(to: Float.self)
        if var record = verified?.record {
          check(mhk_plan_run(plan.handle, described, Int64(described.count), Int32(Runtime.threads), &record, out))
        } else {
          check(mhk_plan_run(plan.handle, described, Int64(described.count), Int32(Runtime.threads), nil, out))
        }
      }
    }
    return logits.narrowed(0, from: 0, length: rows)
  }

  /// Room for so many rows of logits, the same as before where it suffices.
  private func logits(rows: Int) -> Tensor {
    if let room, room.size(0) >= max(rows, 1) { return room }
    let fresh = Tensor.zeros([max(rows, 1), vocabulary])
    room = fresh
    return fresh
  }
}
