import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDecoding

@Suite struct QuantizedFolderTests {
  static func model(seed: UInt64 = 3) -> Decoder {
    let attention = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 4, maxLength: 64, bias: true)
    let mamba = DiscreteMamba2Configuration(modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 5, chunk: 8)
    let shape = DecoderConfiguration.phi(
      vocabulary: 50, modelDim: 24, mlpDim: 96, mixers: [mamba, attention])
    return Decoder.fresh(shape, seed: seed)
  }

  /// Runs `body` with a folder that is removed afterwards.
  static func inFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "quantized-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test(arguments: [WeightPrecision.int8, .int4]) func aFolderKeepsTheRoundedModel(_ precision: WeightPrecision) throws
  {
    try Self.inFolder { folder in
      let quantized = QuantizedDecoder(Self.model(), precision)
      try quantized.write(to: folder)
      let opened = try QuantizedDecoder.open(folder)
      #expect(opened.precision == precision && opened.byteCount == quantized.byteCount)
      #expect(Set(opened.matrices.keys) == Set(quantized.matrices.keys))
      let ids = Tensor((0..<20).map { Int64($0 * 7 % 50) }, shape: [1, 20])
      let (mine, theirs) = (try quantized.dequantized(), try opened.dequantized())
      #expect(withoutGradients { theirs(ids).isIdentical(to: mine(ids)) })
    }
  }

  @Test func matricesAreRoundedAndNothingElse() throws {
    let model = Self.model()
    let quantized = QuantizedDecoder(model, .int8)
    let rounded = try quantized.dequantized()
    // A fresh gate's zeros are zeros at any precision.
    for parameter in model.parameters.all where parameter.value.detached().rms > 0 {
      let other = rounded.parameters[parameter.name]!.value
      let isSame = other.detached().isIdentical(to: parameter.value.detached())
      #expect(isSame != (quantized.matrices[parameter.name] != nil), "\(parameter.name)")
      #expect((quantized.matrix(of: parameter.value) != nil) == (quantized.matrices[parameter.name] != nil))
    }
    let names = quantized.matrices.keys
    #expect(names.contains("embedding.weight") && names.contains { $0.hasSuffix("in_proj.x") })
    #expect(!names.contains { $0.hasSuffix("a_log") || $0.contains("conv1d") || $0.contains("norm") })
  }

  @Test func anOrdinaryModelIsNotOpenedFromAQuantizedFolder() throws {
    try Self.inFolder { folder in
      try QuantizedDecoder(Self.model(), .int4).write(to: folder)
      let error = #expect(throws: MohawkError.self) { _ = try Decoder.open(folder) }
      #expect(error?.message.contains("rounded to a few bits") == true)
    }
  }

  @Test func aQuantizedModelIsNotOpenedFromAnOrdinaryFolder() throws {
    try Self.inFolder { folder in
      try Self.model().write(to: folder)
      #expect(throws: MohawkError.self) { _ = try QuantizedDecoder.open(folder) }
    }
  }

  static let changes: [(String, String)] = [
    (#""mohawk-1""#, #""mohawk-9""#), (#""weights": "int4""#, #""weights": "int8""#),
    (#""weights": "int4""#, #""weights": "f32""#), (#""weights": "int4""#, #""weights": "int4", "more": "x""#),
    (#""weights": "int4""#, #""weights": 4"#),
  ]

  @Test(arguments: changes) func aConfigurationThatDoesNotFitIsRefused(_ change: (String, String)) throws {
    try Self.inFolder { folder in
      try QuantizedDecoder(Self.model(), .int4).write(to: folder)
      let path = folder + "/config.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try #require(text.contains(change.0))
      try Data(text.replacingOccurrences(of: change.0, with: change.1).utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: MohawkError.self) { _ = try QuantizedDecoder.open(folder) }
    }
  }

  @Test func weightsThatDoNotFitAreRefused() throws {
    try Self.inFolder { folder in
      let quantized = QuantizedDecoder(Self.model(), .int4)
      try quantized.write(to: folder)
      let path = folder + "/model.safetensors"
      let file = try SafetensorsFile(path)
      let all = try file.names.map { (name: $0, tensor: try file.tensor($0).copy()) }
      func refuses(_ tensors: [(name: String, tensor: Tensor)]) throws {
        try Safetensors.write(tensors, to: path)
        #expect(throws: MohawkError.self) { _ = try QuantizedDecoder.open(folder) }
      }
      let packed = all.firstIndex { $0.name.hasSuffix(".int4") }!
      let plain = all.firstIndex { !$0.name.hasSuffix(".int4") }!
      var tensors = all
      tensors.remove(at: packed)
      try refuses(tensors)
      tensors = all
      tensors[packed].tensor = all[packed].tensor.narrowed(0, from: 0, length: all[packed].tensor.count - 64).copy()
      try refuses(tensors)
      tensors[packed].tensor = all[packed].tensor.to(.float32)
      try refuses(tensors)
      tensors = all
      tensors[plain].tensor = all[plain].tensor.to(.bfloat16)
      try refuses(tensors)
      try refuses(all + [(name: "another", tensor: Tensor.zeros([3]))])
      try Safetensors.write(all, to: path)
      _ = try QuantizedDecoder.open(folder)
      try Data(contentsOf: URL(fileURLWithPath: path)).prefix(2000).write(to: URL(fileURLWithPath: path))
      #expect(throws: MohawkError.self) { _ = try QuantizedDecoder.open(folder) }
    }
  }

  @Test func calibrationFindsTheColumnsThatMatter() {
    let model = Self.model()
    let windows = [Tensor((0..<66).map { Int64($0 * 11 % 50) }, shape: [2, 33])]
    let importance = Calibration.importance(model, windows)
    #expect(Set(importance.keys) == Set(QuantizedDecoder(model, .int4).matrices.keys))
    for (name, counts) in importance {
      #expect(counts.count == model.parameters[name]!.value.size(1))
      #expect(counts.allSatisfy { $0.isFinite && $0 >= 1e-3 })
    }
    #expect(model.parameters.all.allSatisfy { !$0.value.requiresGradient && $0.value.gradient == nil })
  }
}
