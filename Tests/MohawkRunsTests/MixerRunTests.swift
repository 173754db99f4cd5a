import Foundation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import Testing

@testable import MohawkRuns

/// Kinds of mixers that only this project's format holds, from the attention to a folder that opens.
@Suite struct MixerRunTests {
  @Test(arguments: [
    "gated-deltanet", "kimi-delta", "gated-linear-attention", "linear-attention", "elu-linear-attention", "hedgehog",
    "sliding-window-attention", "toeplitz", "mamba", "semiseparable", "monarch",
  ]) func everyMixerIsDistilledResumedAndOpened(_ kind: String) throws {
    let tiny = try TinyRun()
    let teacher = try tiny.llama()
    let recipe = tiny.recipe {
      $0.teacher = teacher
      if kind == "sliding-window-attention" { $0.student.window = 3 }
      $0.student.mixer = .init(rawValue: kind)
      $0.student.start = .attention
      $0.student.attentionLayers = [1]
    }
    let whole = try tiny.distil(recipe, "whole")
    tiny.stopAfter = 6
    #expect(throws: MohawkError.self) { try tiny.distil(recipe) }
    tiny.stopAfter = nil
    try tiny.distil(recipe)
    #expect(try tiny.bytes("run/model/model.safetensors") == tiny.bytes("whole/model/model.safetensors"))

    let model = try Decoder.open(whole.model)
    #expect(model.configuration.mixers.map(\.rawValue) == [kind, "attention", kind])
    #expect(model.configuration.format == .mohawk)
    let report = try RunReport(folder: whole.path)
    #expect(report.samples.count == 1 && report.decode.count == 2)
    // One for each channel: pictures of heads would not say which.
    #expect(report.matrices.count == (kind == "mamba" ? 0 : 8))
    let errors = (report.evaluation?.layers ?? []).filter { !$0.keepsAttention }.compactMap(\.outputError)
    #expect(errors.count == 2 && errors.allSatisfy { $0.isFinite && $0 > 0 })
    let copied = report.transfer.filter { $0.how == "copied" }.map(\.student)
    let projections =
      switch kind {
      case "sliding-window-attention": ["q_proj.weight", "k_proj.weight", "v_proj.weight"]
      case "toeplitz", "monarch": ["in_proj.v"]
      case "mamba": ["in_proj.x"]
      default: ["in_proj.q", "in_proj.k", "in_proj.v"]
      }
    for part in projections + ["out_proj.weight"] {
      #expect(copied.contains("layers.0.mixer.\(part)"), "\(part)")
    }
  }
}
