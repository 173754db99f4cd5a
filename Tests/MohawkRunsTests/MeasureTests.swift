import Foundation
import MohawkRecipes
import MohawkReports
import Testing

@testable import MohawkRuns

/// What a run says about its layers.
@Suite struct MeasureTests {
  private static let worse = "further from the teacher's"

  @Test func stagesThatEndWorseThanNothingSayInWhichLayers() throws {
    let tiny = try TinyRun()
    try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.teacher()
        $0.student.start = .paper
        $0.student.attentionLayers = [1]
        $0.stages = [.orientation, .alignment]
        $0.orientation.learningRate = 1e-7
        $0.alignment.learningRate = 1
      })
    let warnings = tiny.notices.filter { $0.contains(Self.worse) }
    try #require(warnings.count == 2)
    #expect(warnings[0].hasPrefix("stage 1 ends with matrices further from the teacher's than the zero matrix: error"))
    #expect(warnings[0].contains("value-weighted error above 1 in layer 0 ("))
    #expect(warnings[1].hasPrefix("stage 2 ends with mixers"))
    for warning in warnings {
      #expect(warning.contains(" 0 (") && warning.contains(" 2 (") && !warning.contains(" 1 ("), "\(warning)")
    }
  }

  @Test func aStudentThatIsWorseThanNothingAtItsEndSaysSoOnce() throws {
    let tiny = try TinyRun()
    try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.teacher()
        $0.stages = [.alignment, .distillation]
        $0.alignment.learningRate = 1e-7
        $0.distillation.learningRate = 1
      })
    let warnings = tiny.notices.filter { $0.contains(Self.worse) }
    #expect(warnings.count == 1 && warnings[0].hasPrefix("mixers further from"))
  }

  @Test func anEvaluationHoldsBaselinesAndMemoryOfEveryLayerThatIsReplaced() throws {
    let tiny = try TinyRun()
    let folder = try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.llama()
        $0.student.attentionLayers = [1]
        $0.orientation.evaluateEvery = 2
      })
    let report = try RunReport(folder: folder.path)
    let layers = try #require(report.evaluation).layers
    for layer in [layers[0], layers[2]] {
      #expect(layer.weightedError! > 0 && layer.halfLives?.count == 4 && layer.skips?.count == 4)
      for errors in [layer.uniform!, layer.window!] {
        #expect(errors.matrix! > 0 && errors.weighted! > 0 && errors.output! > 0)
      }
      #expect(layer.window!.matrix! < 1 && layer.window!.weighted! < 1)
    }
    #expect(layers[1].window == nil && layers[1].halfLives == nil && layers[1].weightedError == nil)
    #expect(report.html.contains("Final weighted error") && report.html.contains("best single exponential window"))
    let names = tiny.recorder.events.compactMap { event -> [String]? in
      if case .evaluated(let record) = event, record.stage == .orientation { record.values.map(\.name) } else { nil }
    }
    #expect(names.count == 2)
    #expect(names.allSatisfy { $0 == ["matrix distance", "matrix error", "value-weighted matrix error"] })
  }

  @Test func aMixerThatStandsForABlockIsNotComparedWithAttentionsOutput() throws {
    let tiny = try TinyRun()
    let folder = try tiny.distil(
      tiny.recipe {
        $0.teacher = try! tiny.llama()
        $0.student.keepsMLPs = false
      })
    let layer = try #require(try RunReport(folder: folder.path).evaluation).layers[0]
    #expect(layer.window!.matrix != nil && layer.window!.output == nil && layer.outputError != nil)
  }

  @Test func evaluationsOfEarlierVersionsAreRead() throws {
    let old =
      #"{"tokens":5,"rows":[],"layers":[{"layer":0,"matrix":1,"matrixError":2,"outputError":0.5,"keepsAttention":false}]}"#
    let summary = try JSONDecoder().decode(EvaluationSummary.self, from: Data(old.utf8))
    #expect(LayerTable(summary.layers).columns.map(\.title) == ["matrix distance", "matrix error", "output error"])
    #expect(LayerTable(summary.layers).note == nil)
  }
}
