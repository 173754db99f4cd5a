import Foundation
import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkExport

@Suite struct TransformersCodeTests {
  private static let names = [
    "configuration", "modeling", "parts", "attention", "state_space", "linear_attention", "fixed_matrices",
  ].map { "\($0)_mohawk.py" }

  /// Parallel blocks of Discrete-Mamba-2 and attention in turn, under the authors' names.
  private func phiMamba(layers: Int) -> DecoderConfiguration {
    let attention = AttentionConfiguration(
      modelDim: 32, heads: 4, kvHeads: 2, headDim: 8, rotaryDim: 4, maxLength: 128, bias: true)
    let mamba = DiscreteMamba2Configuration(modelDim: 32, qkHeads: 2, vHeads: 4, stateDim: 8, chunk: 8)
    return .phi(
      vocabulary: 64, modelDim: 32, mlpDim: 128,
      mixers: (0..<layers).map { $0.isMultiple(of: 2) ? mamba as any MixerGeometry : attention })
  }

  private func hybrid() -> DecoderConfiguration {
    var configuration = TinyModels.hybrid()
    configuration.format = .mohawk
    configuration.tiesHead = true
    return configuration
  }

  @Test func aFormatOfOurOwnBringsItsCode() throws {
    let (plain, target) = (try TemporaryFolder(), try TemporaryFolder())
    let model = TinyModels.model(hybrid())
    try model.write(to: plain.path)
    try ModelFolder.write(model, to: target.path)
    #expect(Set(Self.names).isSubset(of: target.names) && Set(Self.names).isDisjoint(with: plain.names))
    var config = try target.json("config.json")
    #expect(
      config["auto_map"] as? [String: String] == [
        "AutoConfig": "configuration_mohawk.MohawkConfig", "AutoModelForCausalLM": "modeling_mohawk.MohawkForCausalLM",
      ])
    config["auto_map"] = nil
    #expect(NSDictionary(dictionary: config) == NSDictionary(dictionary: try plain.json("config.json")))
    let text = try String(contentsOfFile: target.path + "/config.json", encoding: .utf8)
    #expect(text.contains("\"tie_word_embeddings\" : true") && text.contains("\"head_bias\" : false"))
    #expect(try Decoder.open(target.path).configuration == model.configuration)
  }

  /// Their order in the file is that of the layers, also of more than nine.
  @Test func theSectionsOfAPhiMambaKeepTheirOrder() throws {
    let target = try TemporaryFolder()
    let model = TinyModels.model(phiMamba(layers: 12))
    try ModelFolder.write(model, to: target.path)
    let map = try target.json("config.json")["auto_map"] as? [String: String]
    #expect(map?["AutoModelForCausalLM"] == "modeling_mohawk.PhiMambaForCausalLM")
    #expect(map?["AutoConfig"] == "configuration_mohawk.PhiMambaConfig")
    let again = try Decoder.open(target.path)
    #expect(again.configuration == model.configuration)
    withoutGradients { #expect(again(TinyModels.ids).isIdentical(to: model(TinyModels.ids))) }
  }

  @Test func whatTransformersKnowsGetsNoCode() throws {
    let target = try TemporaryFolder()
    try ModelFolder.write(TinyModels.model(TinyModels.llama()), to: target.path)
    #expect(Set(Self.names).isDisjoint(with: target.names))
    #expect(try target.json("config.json")["auto_map"] == nil)
  }

  /// The code knows every mixer of this package by its name.
  @Test func theCodeKnowsEveryMixer() throws {
    let files = TransformersCode.files.filter { $0.key == "configuration_mohawk.py" }
    let code = String(decoding: files[0].value, as: UTF8.self)
    let own = Mixers.registered.filter { String(reflecting: $0).hasPrefix("MohawkMixers.") }
    #expect(own.count >= 13)
    for geometry in own {
      let (name, title, hasCode) = (geometry.kind.rawValue, geometry.title, geometry.hasPythonCode)
      #expect(hasCode && code.contains("\"\(name)\""), "\(title)")
    }
  }

  @Test(arguments: [CheckpointFormat.mohawk, .phiMamba]) func theClassesThatAreNamedAreInTheFiles(
    _ format: CheckpointFormat
  ) throws {
    let target = try TemporaryFolder()
    let configuration = format == .mohawk ? hybrid() : phiMamba(layers: 2)
    try ModelFolder.write(TinyModels.model(configuration), to: target.path)
    let map = try target.json("config.json")["auto_map"] as! [String: String]
    for place in map.values {
      let parts = place.split(separator: ".")
      let code = try String(contentsOfFile: "\(target.path)/\(parts[0]).py", encoding: .utf8)
      #expect(code.contains("\nclass \(parts[1])("))
    }
    #expect(configuration.openedBy[0].contains("trust_remote_code=True"))
  }
}
