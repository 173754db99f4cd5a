import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor

/// A conversation as a file: its tokens, and what the model remembers of them. For a state-space model that is a few
/// megabytes however long the conversation is.
///
/// The file is a safetensors file: the state's tensors under names such as `layers.3.memory`, the token ids as `tokens`,
/// and in the header which model it belongs to.
public enum StateFile {
  private static let format = "mohawk-state-2"
  /// That of files without a digest, which are still read.
  private static let undigested = "mohawk-state-1"
  private static let tokens = "tokens"

  /// Writes a conversation, all or nothing.
  /// - Parameters:
  ///   - conversation: with a state of this engine.
  ///   - engine: whose model the state belongs to.
  ///   - note: a text to keep with it.
  ///   - path: the file; one that is there is replaced.
  /// - Throws: `MohawkError` when the folder is missing, read-only or full.
  public static func write(
    _ conversation: Conversation, of engine: DecodingEngine, note: String? = nil, to path: String
  ) throws {
    var metadata = [
      "format": format, "model": engine.model.fingerprint, "position": "\(conversation.state.position)",
      "layers": layers(engine),
    ]
    metadata["note"] = note
    let ids = Tensor(conversation.ids, shape: [conversation.ids.count])
    let state = conversation.state.position > 0 ? conversation.state.tensors : []
    let all = state + [(name: tokens, tensor: ids)]
    metadata["digest"] = digest(all, metadata)
    try Safetensors.write(all, metadata: metadata, to: path)
  }

  /// Reads a conversation and the text that was kept with it.
  /// - Parameters:
  ///   - path: the file.
  ///   - engine: whose model must be the one that the state was saved with.
  /// - Throws: `MohawkError` when the file is missing, damaged, no state, or that of another model.
  public static func read(
    _ path: String, for engine: DecodingEngine
  ) throws -> (conversation: Conversation, note: String?) {
    let file = try SafetensorsFile(path)
    guard let found = file.metadata["format"], found == format || found == undigested else {
      throw MohawkError(
        .invalidFormat, "this safetensors file holds no state of a conversation", at: path,
        remedy: "name a file that --save-state or /save has written")
    }
    if found == format {
      let all = try file.names.map { (name: $0, tensor: try file.tensor($0)) }
      guard file.metadata["digest"] == digest(all, file.metadata) else {
        throw MohawkError(
          .invalidFormat, "the content of this state has changed since it was written", at: path,
          remedy: "copy it again, or save it again")
      }
    }
    guard file.metadata["layers"] == layers(engine), file.metadata["model"] == engine.model.fingerprint else {
      throw MohawkError(
        .mismatch, "this state belongs to another model", at: path,
        remedy: "open the model that it was saved with, with the same --weights")
    }
    let ids = try ids(file, engine)
    guard let position = file.metadata["position"].flatMap({ Int($0) }), (0...ids.count).contains(position) else {
      throw MohawkError(
        .invalidFormat, "the state's position is no number from 0 to \(ids.count), the number of its tokens", at: path,
        remedy: "save it again")
    }
    return (Conversation(ids, try state(file, position, engine)), file.metadata["note"])
  }

  /// XXH64 over all that a state says: its tensors and its metadata.
  private static func digest(_ tensors: [(name: String, tensor: Tensor)], _ metadata: [String: String]) -> String {
    var lines = metadata.filter { $0.key != "digest" }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    for (name, tensor) in tensors.sorted(by: { $0.name < $1.name }) {
      let value = withoutGradients { tensor.detached().to(on: .cpu).contiguous() }
      lines.append("\(name) \(value.dtype) \(value.shape) \(value.withBytes { xxHash64($0) })")
    }
    return Array(lines.joined(separator: "\n").utf8).withUnsafeBytes { FileDigest.hexadecimal(xxHash64($0)) }
  }

  private static func layers(_ engine: DecodingEngine) -> String {
    engine.model.configuration.mixers.map(\.rawValue).joined(separator: ",")
  }

  private static func ids(_ file: SafetensorsFile, _ engine: DecodingEngine) throws -> [Int32] {
    let tensor = try file.tensor(tokens)
    guard tensor.dtype == .int32, tensor.rank == 1 else {
      throw MohawkError(
        .invalidFormat, "'\(tokens)' is \(tensor.dtype)\(tensor.shape), not a list of ids", at: file.path,
        remedy: "save the state again")
    }
    let ids = tensor.values(as: Int32.self)
    guard ids.allSatisfy({ $0 >= 0 && Int($0) < engine.vocabulary }) else {
      throw MohawkError(
        .outOfRange, "'\(tokens)' holds ids outside the model's \(engine.vocabulary)", at: file.path,
        remedy: "save the state again")
    }
    guard ids.count - 1 <= engine.maxLength ?? .max else {
      throw MohawkError(
        .outOfRange, "the state has \(ids.count) tokens, the model looks at \(engine.maxLength!) at most",
        at: file.path)
    }
    return ids
  }

  private static func state(_ file: SafetensorsFile, _ position: Int, _ engine: DecodingEngine) throws -> ModelState {
    let state = engine.emptyState()
    let count = file.entries.count - 1
    guard position > 0 else {
      guard count == 0 else {
        throw MohawkError(
          .invalidFormat, "the state has seen no token and yet holds \(count) tensors", at: file.path,
          remedy: "save it again")
      }
      return state
    }
    // A state that has seen something knows what its tensors are like.
    _ = engine.read([0], state, logits: 0)
    do {
      try state.restore(position: position, count: count) { try file.tensor($0, checkFinite: true) }
    } catch let error as MohawkError where error.location == nil || error.code == .notFinite {
      let remedy = error.code == .notFinite ? "this state is broken: save it again" : error.remedy
      throw MohawkError(error.code, error.message, at: file.path, remedy: remedy)
    }
    return state
  }
}
