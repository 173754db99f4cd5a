import Foundation
import MohawkModels
import MohawkText
import Testing

@testable import MohawkExport

@Suite struct TokenizerConfigTests {
  private static let tokenizer: Tokenizer = {
    var trainer = BytePairTrainer()
    for index in 0..<10 { trainer.add(StoryGenerator(seed: 1).story(at: index)) }
    return try! trainer.train(vocabularySize: 280)
  }()

  private func exported(_ configuration: DecoderConfiguration, _ source: TemporaryFolder?) throws -> TemporaryFolder {
    let target = try TemporaryFolder()
    try ModelFolder.write(
      TinyModels.model(configuration), to: target.path, carryingFrom: source?.path, tokenizer: Self.tokenizer)
    return target
  }

  @Test func aTokenizerWithoutSettingsGetsThose() throws {
    let settings = try exported(TinyModels.llama(), nil).json("tokenizer_config.json")
    #expect(settings["tokenizer_class"] as? String == "PreTrainedTokenizerFast")
    #expect(settings["eos_token"] as? String == "<|endoftext|>")
    #expect(settings["bos_token"] == nil && settings["pad_token"] == nil)
    #expect(settings["model_max_length"] as? Int == 128)
  }

  @Test func aModelWithoutAttentionHasNoLongestText() throws {
    let settings = try exported(TinyModels.hybrid(attention: []), nil).json("tokenizer_config.json")
    #expect(settings["tokenizer_class"] != nil && settings["model_max_length"] == nil)
  }

  @Test func rolesThatOnlyTheModelKnowsAreNamedAndReadBack() throws {
    var configuration = TinyModels.llama()
    (configuration.tokens.beginning, configuration.tokens.padding) = (5, 6)
    let target = try exported(configuration, nil)
    let settings = try target.json("tokenizer_config.json")
    #expect(settings["bos_token"] as? String == Self.tokenizer.token(5))
    #expect(settings["pad_token"] as? String == Self.tokenizer.token(6))
    let again = try Tokenizer(folder: target.path)
    #expect(again.padding == 6 && again.endOfText == Self.tokenizer.endOfText)
    #expect(again.encode("One day", addingSpecial: true) == Self.tokenizer.encode("One day", addingSpecial: true))
  }

  @Test func settingsThatAreThereAreKept() throws {
    let source = try TemporaryFolder()
    try source.write("tokenizer_config.json", #"{"eos_token": null}"#)
    let target = try exported(TinyModels.llama(), source)
    #expect(try target.json("tokenizer_config.json").count == 1)
  }

  @Test func aFolderWithoutATokenizerGetsNone() throws {
    let target = try TemporaryFolder()
    try ModelFolder.write(TinyModels.model(TinyModels.llama()), to: target.path)
    #expect(!target.names.contains("tokenizer_config.json"))
  }
}
