import Foundation
import Testing

@testable import MohawkReports

@Suite struct TaskComparisonTests {
  private func outcome(_ task: String, _ measures: [TaskOutcome.Measure]) -> TaskOutcome {
    TaskOutcome(
      task: task, kind: "multiple_choice", source: "<file>.jsonl", judged: 10, available: 20, measures: measures,
      tokens: 100, seconds: 0.5)
  }

  private func retention(_ teacher: TaskOutcome.Measure, _ student: TaskOutcome.Measure) -> Double? {
    TaskComparison(teacher: [outcome("t", [teacher])], student: [outcome("t", [student])]).rows[0].retention
  }

  @Test func retentionIsWhatIsKeptOfTheLeadOverChance() {
    #expect(retention(.init("acc", 0.75, chance: 0.25), .init("acc", 0.5, chance: 0.25)) == 0.5)
    #expect(retention(.init("acc", 0.75, chance: 0.25), .init("acc", 0.25, chance: 0.25)) == 0)
    #expect(retention(.init("acc", 0.75, chance: 0.25), .init("acc", 0, chance: 0.25)) == -0.5)
    #expect(retention(.init("exact_match", 0.8), .init("exact_match", 0.2)) == 0.25)
    #expect(retention(.init("agreeing_tokens", 64), .init("agreeing_tokens", 16)) == 0.25)
  }

  @Test func withoutALeadThereIsNothingToKeep() {
    #expect(retention(.init("acc", 0.25, chance: 0.25), .init("acc", 0.5, chance: 0.25)) == nil)
    #expect(retention(.init("acc", 0.3, standardError: 0.03, chance: 0.25), .init("acc", 0.3, chance: 0.25)) == nil)
    #expect(retention(.init("acc", 0.3, standardError: 0.02, chance: 0.25), .init("acc", 0.3, chance: 0.25)) == 1)
    #expect(retention(.init("exact_match", 0), .init("exact_match", 0)) == nil)
    #expect(TaskComparison(student: [outcome("t", [.init("acc", 1)])]).rows[0].retention == nil)
  }

  @Test func whereLessIsBetterTheRatioIsTurned() {
    let (teacher, student) = (
      TaskOutcome.Measure("perplexity", 8, higherIsBetter: false),
      TaskOutcome.Measure("perplexity", 10, higherIsBetter: false)
    )
    #expect(retention(teacher, student) == 0.8)
  }

  @Test func measuresAreMatchedByTaskAndName() {
    let comparison = TaskComparison(
      teacher: [outcome("b", [.init("acc", 0.1)]), outcome("a", [.init("acc_norm", 0.2), .init("acc", 0.3)])],
      student: [outcome("a", [.init("acc", 0.6)]), outcome("c", [.init("acc", 0.7)])])
    #expect(comparison.rows.map { $0.teacher?.value } == [0.3, nil])
    #expect(comparison.table.text.contains("200.0 %"))
    #expect(TaskComparison(student: comparison.student).table.columns.count == 4)
  }

  @Test func theFileHasTheKeysOfLMEval() throws {
    let results = LMEvalResults(
      model: "some/folder/model",
      outcomes: [
        outcome("piqa", [.init("acc", 0.5, standardError: 0.1), .init("perplexity", .infinity, higherIsBetter: false)])
      ], limit: 10, began: Date(timeIntervalSince1970: 1_700_000_000.25), precision: "fp32")
    let json = try #require(try JSONSerialization.jsonObject(with: results.json()) as? [String: Any])
    let keys = [
      "results", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "config",
    ]
    #expect(Set(keys).isSubset(of: json.keys))
    let piqa = try #require((json["results"] as? [String: Any])?["piqa"] as? [String: Any])
    #expect(piqa["acc,none"] as? Double == 0.5 && piqa["acc_stderr,none"] as? Double == 0.1)
    #expect(piqa["perplexity,none"] as? String == "N/A" && piqa["perplexity_stderr,none"] as? String == "N/A")
    #expect(piqa["alias"] as? String == "piqa" && piqa["sample_len"] as? Int == 10)
    let samples = try #require((json["n-samples"] as? [String: Any])?["piqa"] as? [String: Int])
    #expect(samples == ["original": 20, "effective": 10])
    #expect(json["model_name_sanitized"] as? String == "folder__model")
    #expect(LMEvalResults.stamp(results.began) == "2023-11-14T22-13-20.250000")
  }
}
