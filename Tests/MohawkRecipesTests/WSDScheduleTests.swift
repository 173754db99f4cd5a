import Testing

@testable import MohawkRecipes

@Suite struct WSDScheduleTests {
  @Test func itWarmsUpStaysAndDecays() {
    let schedule = WSDSchedule(steps: 100, peak: 1, floor: 0)
    #expect(schedule.learningRate(at: 0) == 0.1)
    #expect(schedule.learningRate(at: 9) == 1)
    #expect((9..<90).allSatisfy { schedule.learningRate(at: $0) == 1 })
    #expect(abs(schedule.learningRate(at: 90) - 0.9) < 1e-12)
    #expect(abs(schedule.learningRate(at: 98) - 0.1) < 1e-12)
    #expect(schedule.learningRate(at: 99) == 0)
  }

  @Test func theLastStepHasTheFloor() {
    for steps in [5, 20, 21, 99, 1234] {
      let schedule = WSDSchedule(steps: steps, peak: 2e-4, floor: 1e-8)
      #expect(schedule.learningRate(at: steps - 1) == 1e-8)
      #expect(schedule.learningRate(at: steps + 100) == 1e-8)
      #expect((0..<steps).allSatisfy { (0...2e-4).contains(schedule.learningRate(at: $0)) })
    }
  }

  @Test func withoutWarmupAndDecayItIsFlat() {
    let schedule = WSDSchedule(steps: 10, peak: 3, floor: 0, warmup: 0, decay: 0)
    #expect((0..<10).allSatisfy { schedule.learningRate(at: $0) == 3 })
  }

  @Test func shortStagesHaveARateAboveZero() {
    for steps in 1...4 {
      #expect(WSDSchedule(steps: steps, peak: 1).learningRate(at: 0) > 0)
    }
    #expect(WSDSchedule(steps: 1, peak: 1).learningRate(at: 0) == 1)
  }

  @Test func warmupAloneAndDecayAloneFillTheStage() {
    let up = WSDSchedule(steps: 4, peak: 1, floor: 0, warmup: 1, decay: 0)
    #expect((0..<4).map(up.learningRate) == [0.25, 0.5, 0.75, 1])
    let down = WSDSchedule(steps: 4, peak: 1, floor: 0, warmup: 0, decay: 1)
    #expect((0..<4).map(down.learningRate) == [0.75, 0.5, 0.25, 0])
  }
}
