import ArgumentParser
import Foundation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkTensor

/// What this package computes, as files for other implementations to compare with (`make parity`).
@main
struct MohawkParity: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mohawk-parity", abstract: "Writes what a model computes, for comparisons.",
    subcommands: [Outputs.self])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as MohawkError {
      FileHandle.standardError.write(Data("mohawk-parity: \(error)\n".utf8))
      Foundation.exit(1)
    } catch {
      exit(withError: error)
    }
  }
}

/// Logits, hidden states, matrices and a greedy continuation.
struct Outputs: ParsableCommand {
  @Argument(help: "A model's folder.") var folder: String
  @Argument(help: "A safetensors file with input_ids [rows, length].") var ids: String
  @Argument(help: "The safetensors file to write.") var output: String
  @Option(help: "New tokens of the greedy continuation.") var continuation = 0
  @Option(name: .customLong("as"), help: "Rounds the weights first as a GGUF file of this type holds them.")
  var type: String?

  func run() throws {
    let model = try Decoder.open(folder)
    if let type { try Rounding.apply(type, to: model) }
    let ids = try SafetensorsFile(ids).tensor("input_ids").to(.int64)
    var tensors: [(name: String, tensor: Tensor)] = []
    withoutGradients {
      var hidden = model.embed(ids)
      for (index, block) in model.blocks.enumerated() {
        tensors.append(("hidden.\(index)", hidden))
        let matrix = block.mixer.matrix(of: block.mixerInput(hidden))
        tensors.append(("matrix.\(index)", matrix.to(.float32).contiguous()))
        hidden = block(hidden)
      }
      tensors.append(("hidden.\(model.blocks.count)", hidden))
      tensors.append(("logits", model(ids).to(.float32)))
      if continuation > 0 { tensors.append(("continuation", greedy(model, ids))) }
    }
    try Safetensors.write(tensors.map { ($0.name, $0.tensor.contiguous()) }, to: output)
  }

  private func greedy(_ model: Decoder, _ ids: Tensor) -> Tensor {
    let state = model.emptyState(batch: ids.size(0))
    var next = model.advance(ids, state).argmax(-1, keep: true)
    var all = [next]
    while all.count < continuation {
      next = model.advance(next, state).argmax(-1, keep: true)
      all.append(next)
    }
    return .concatenated(all, 1)
  }
}
