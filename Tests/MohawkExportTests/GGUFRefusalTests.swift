import Foundation
import MohawkFiles
import MohawkMixers
import MohawkModels
import Testing

@testable import MohawkExport

@Suite struct GGUFRefusalTests {
  typealias Change = @Sendable (inout DecoderConfiguration) -> Void

  private static let cases: [(from: String, words: String, change: Change)] = [
    ("hybrid", "biased projections", { $0.change(Mamba2Configuration.self) { $0.projectionBias = true } }),
    ("hybrid", "without the norm", { $0.change(Mamba2Configuration.self) { $0.normGroups = nil } }),
    ("hybrid", "over other groups", { $0.change(Mamba2Configuration.self) { $0.normGroups = 1 } }),
    ("hybrid", "different epsilons", { $0.change(Mamba2Configuration.self) { $0.normEpsilon = 1e-6 } }),
    ("hybrid", "step size", { $0.change(Mamba2Configuration.self) { $0.timeStepLimit = 0...0.1 } }),
    ("hybrid", "more than twice", { $0.change(Mamba2Configuration.self) { $0.headDim = 32 } }),
    ("hybrid", "norms of queries and keys", { $0.changeAttention { $0.headNormEpsilon = 1e-5 } }),
    ("hybrid", "not sequential", { $0.setBlocks(.parallel) }),
    ("hybrid", "SiLU", { $0.changeMLPs { $0.activation = .relu } }),
    ("hybrid", "mamba and mamba-2 layers", { $0.layers[0].mixer = MambaConfiguration(modelDim: 32, stateDim: 8) }),
    ("mamba-2", "attention in some layers", { $0.layers[0].mixer = TinyModels.llama().layers[0].mixer }),
    ("mamba", "twice as wide", { $0.change(MambaConfiguration.self) { $0.innerDim = 32 } }),
    ("mamba", "RMSNorm", { $0.norm = .layer(epsilon: 1e-5) }),
    ("llama", "part of each head", { $0.changeAttention { $0.rotaryDim = 4 } }),
    ("llama", "head with bias", { $0.headBias = true }),
    (
      "llama", "discrete-mamba-2 layers",
      { $0.layers[0].mixer = DiscreteMamba2Configuration(modelDim: 32, qkHeads: 4, vHeads: 4, stateDim: 8) }
    ),
    ("qwen 3", "another epsilon", { $0.changeAttention { $0.headNormEpsilon = 1e-6 } }),
    ("phi", "activation other than GELU", { $0.changeMLPs { $0.activation = .silu } }),
    ("gpt-2", "rotary positions", { $0.changeAttention { $0.rotaryDim = 8 } }),
    ("gpt-neox", "without positions", { $0.changeAttention { $0.rotaryDim = 0 } }),
    (
      "gpt-neox", "wave lengths",
      { $0.changeAttention { $0.rotaryScaling = .llama3(factor: 8, low: 1, high: 4, originalLength: 64) } }
    ),
  ]

  @Test(arguments: 0..<cases.count)
  func whatLlamaCppWouldComputeOtherwiseIsRefused(_ index: Int) throws {
    let (name, words, change) = Self.cases[index]
    var configuration = GGUFModels.named(name)
    #expect(throws: Never.self) { try GGUFArchitecture(holding: configuration) }
    change(&configuration)
    let error = #expect(throws: MohawkError.self) { try GGUFArchitecture(holding: configuration) }
    #expect(error?.code == .unsupported && error?.message.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
    #expect(error?.remedy?.contains("granite-hybrid") == true)
  }

  @Test func groupsThatDoNotFillTheWidthAreRefused() {
    var configuration = TinyModels.hybrid()
    // One group of 48 channels; the width of 64 would need a third of another.
    configuration.change(Mamba2Configuration.self) {
      $0 = Mamba2Configuration(modelDim: 32, heads: 6, headDim: 8, groups: 1, stateDim: 16, normGroups: 1)
    }
    let error = #expect(throws: MohawkError.self) { try GGUFArchitecture(holding: configuration) }
    #expect(error?.message.contains("groups do not fill") == true)
  }

  @Test func aRefusedModelLeavesNoFile() throws {
    let folder = try TemporaryFolder()
    var configuration = TinyModels.llama()
    configuration.headBias = true
    let model = TinyModels.model(configuration)
    #expect(throws: MohawkError.self) {
      try GGUFExport.write(model, tokenizer: nil, to: folder.path + "/model.gguf")
    }
    #expect(folder.names.isEmpty)
  }
}
