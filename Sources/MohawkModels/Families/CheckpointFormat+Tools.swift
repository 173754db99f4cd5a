import MohawkMixers

extension DecoderConfiguration {
  /// How other tools open a folder of this model, as lines for a model card.
  public var openedBy: [String] {
    guard mixersWithoutPythonCode.isEmpty else {
      let kinds = mixersWithoutPythonCode.joined(separator: " and ")
      return ["nothing but mohawk: there is no code for other tools that computes \(kinds)"]
    }
    return format.openedBy
  }

  /// Names of the kinds of mixers that the Python code of this project's own format cannot compute.
  package var mixersWithoutPythonCode: [String] {
    Set(mixers).filter { !$0.isAttention && $0.geometry?.hasPythonCode != true }.map(\.rawValue).sorted()
  }
}

extension CheckpointFormat {
  /// How other tools open a folder of this format, as lines for a model card.
  fileprivate var openedBy: [String] {
    switch self {
    case .phiMamba:
      [withItsCode, "the authors' code (goombalab/phi-mamba): `model.load_state_dict(weights, strict=True)`"]
    case .graniteHybrid:
      [
        "transformers: `AutoModelForCausalLM.from_pretrained(FOLDER)` (GraniteMoeHybridForCausalLM), an architecture that vLLM and mlx-lm know too",
        "llama.cpp, after `mohawk convert FOLDER model.gguf --to gguf`",
      ]
    case .bamba, .mamba2, .mamba:
      [
        "transformers: `AutoModelForCausalLM.from_pretrained(FOLDER)`",
        "llama.cpp, after `mohawk convert FOLDER model.gguf --to gguf`",
      ]
    case .stateSpaces: ["state-spaces/mamba: `MambaLMHeadModel.from_pretrained(FOLDER)`"]
    case .phi, .llama, .mistral, .qwen2, .qwen3, .smolLM3, .phi3, .olmo2, .olmo3, .gemma2, .gemma3, .gptNeoX, .gpt2:
      ["transformers: `AutoModelForCausalLM.from_pretrained(FOLDER)`"]
    case .mohawk: [withItsCode]
    }
  }

  private var withItsCode: String {
    "transformers: `AutoModelForCausalLM.from_pretrained(FOLDER, trust_remote_code=True)`, by the code in the folder"
  }
}
