import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor
import Testing

@testable import MohawkModels

/// Parameters and the tensors of checkpoints have the names, types and shapes that they had when the files in
/// `Goldens/Names` were written: one line each, parameters first. `make curves` writes the files anew.
@Suite struct CheckpointNamesTests {
  private static let isWriting = ProcessInfo.processInfo.environment["MOHAWK_WRITE_CURVES"] != nil
  private static let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Goldens"

  /// The first golden model of each format, and one of this project's own.
  static let models: [String] = {
    let folders = try! FileManager.default.contentsOfDirectory(atPath: goldens).sorted()
    var first: [CheckpointFormat: String] = [:]
    for folder in folders {
      guard let format = try? DecoderConfiguration(folder: goldens + "/" + folder).format else { continue }
      if first[format] == nil { first[format] = folder }
    }
    return first.values.sorted() + ["mohawk"]
  }()

  @Test(arguments: models)
  func namesTypesAndShapesAreThoseOfTheFile(_ name: String) throws {
    let configuration = name == "mohawk" ? Self.mohawk : try DecoderConfiguration(folder: Self.goldens + "/" + name)
    let model = Decoder.fresh(configuration, seed: 1)
    func line(_ kind: String, _ name: String, _ type: DType, _ shape: [Int]) -> String {
      "\(kind) \(name) \(type) \(shape.map(String.init).joined(separator: "x"))"
    }
    let parameters = model.parameters.all.map { line("parameter", $0.name, $0.value.dtype, $0.value.shape) }
    let tensors = model.checkpoint(as: .bfloat16).map { line("tensor", $0.name, $0.dtype, $0.shape) }
    let lines = parameters + tensors.sorted()
    let path = Self.goldens + "/Names/\(name).txt"
    if Self.isWriting {
      try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
      return
    }
    let wanted = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    for (found, wanted) in zip(lines, wanted) where found != wanted {
      Issue.record("\(found), the file has \(wanted)")
      break
    }
    #expect(lines.count == wanted.count)
  }

  @Test func everyFormatHasAFile() {
    let formats = Self.models.map { name in
      name == "mohawk" ? .mohawk : try! DecoderConfiguration(folder: Self.goldens + "/" + name).format
    }
    #expect(Set(formats) == Set(CheckpointFormat.allCases))
  }

  @Test func everyFileBelongsToAModel() throws {
    if Self.isWriting { return }
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.goldens + "/Names")
    #expect(Set(files) == Set(Self.models.map { $0 + ".txt" }))
  }

  /// One layer of each mixer, with everything that has parameters.
  private static var mohawk: DecoderConfiguration {
    var attention = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 4, maxLength: 64, bias: true)
    (attention.window, attention.headNormEpsilon) = (5, 1e-6)
    var full = attention
    full.window = nil
    var shape = DecoderConfiguration.phi(
      vocabulary: 40, modelDim: 24, mlpDim: 48,
      mixers: [
        full, attention,
        DiscreteMamba2Configuration(
          modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 5,
          window: WindowConfiguration(tokens: 4, sinks: 2, like: attention)),
        Mamba2Configuration(
          modelDim: 24, heads: 4, headDim: 12, groups: 2, stateDim: 5, normGroups: 2, projectionBias: true),
        MambaConfiguration(modelDim: 24, stateDim: 5, projectionBias: true),
        GatedDeltaNetConfiguration(modelDim: 24, heads: 4, headDim: 3, qkHeads: 2, stateDim: 5),
      ])
    shape.format = .mohawk
    return shape
  }
}
