import Foundation
import Testing

@testable import MohawkReports

@Suite struct PlotTests {
  @Test(arguments: [(0.0, 1.0), (0.013, 0.9), (3, 3), (0, 0), (-5, 17), (1e-9, 2e-9), (1e6, 1.0001e6), (-1e99, 1e99)])
  func linearTicksCoverTheRangeEvenly(low: Double, high: Double) {
    let axis = PlotAxis([low, high, .nan, .infinity], scale: .linear)
    #expect(axis.lower <= low && axis.upper >= high && axis.lower < axis.upper)
    #expect((2...8).contains(axis.ticks.count))
    #expect((0...1).contains(axis.position(low)) && (0...1).contains(axis.position(high)))
  }

  @Test(arguments: [(1.0, 1000.0), (0.3, 14), (1.1, 1.2), (5, 5), (1e-9, 1e9), (1e-99, 1e99), (0.9, 11)])
  func logarithmicTicksLieInTheRange(low: Double, high: Double) {
    let axis = PlotAxis([low, high, -1, 0], scale: .logarithmic)
    #expect(axis.lower < low && axis.upper > high)
    #expect((1...7).contains(axis.ticks.count))
    #expect(axis.ticks.allSatisfy { $0 >= axis.lower && $0 <= axis.upper * (1 + 1e-9) })
  }

  @Test func anEmptyPlotIsStillAPlot() {
    for points in [[], [(x: 1.0, y: Double.nan)], [(x: 1.0, y: 2.0)]] {
      let svg = LinePlot(title: "t", series: [.init("a", points)]).svg()
      #expect(svg.hasPrefix("<svg") && svg.hasSuffix("</svg>") && !svg.contains("nan"))
    }
  }

  @Test func whatIsNotFiniteLeavesAGap() {
    let points = (0..<20).map { (x: Double($0), y: $0 == 10 ? Double.nan : 1.0) }
    let svg = LinePlot(title: "t", series: [.init("a", points)]).svg()
    #expect(svg.split(separator: "M").count - 1 >= 4, "both curves break once")
    #expect(!svg.lowercased().contains("nan"))
  }

  @Test func steepCurvesAreLogarithmic() {
    func scale(_ values: [Double]) -> PlotAxis.Scale {
      LinePlot(title: "", series: [.init("", values.map { (x: 0, y: $0) })]).resolvedScale
    }
    #expect(scale([1, 5]) == .logarithmic && scale([1, 3]) == .linear && scale([-1, 50]) == .linear)
  }

  @Test func thinningKeepsEndsAndSpikes() {
    var points = (0..<10_000).map { (x: Double($0), y: 1.0) }
    points[5003].y = 99
    let kept = CurveSampling.thinned(points, to: 400)
    #expect(kept.count <= 402 && kept.first?.x == 0 && kept.last?.x == 9999)
    #expect(kept.contains { $0.y == 99 })
    #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.x <= $1.x })
  }

  @Test func smoothingKeepsAConstantAndForgetsNoise() {
    let constant = CurveSampling.smoothed((0..<300).map { (x: Double($0), y: 7) }, logarithmic: true)
    #expect(constant.allSatisfy { abs($0.y - 7) < 1e-9 })
    let noisy = CurveSampling.smoothed((0..<3000).map { (x: Double($0), y: $0 % 2 == 0 ? 1 : 3) }, logarithmic: false)
    #expect(noisy.suffix(1000).allSatisfy { abs($0.y - 2) < 0.05 })
  }

  @Test func smoothingDoesNotShiftASlope() {
    let line = (0..<600).map { (x: Double($0), y: Double($0) * 3) }
    let smooth = CurveSampling.smoothed(line, logarithmic: false)
    #expect(zip(line, smooth).prefix(590).allSatisfy { abs($0.y - $1.y) < 1e-6 })
  }

  @Test func smoothingPassesOverWhatIsNotFinite() {
    let points = (0..<300).map { (x: Double($0), y: $0 % 50 == 7 ? Double.nan : 2) }
    let smooth = CurveSampling.smoothed(points, logarithmic: true)
    #expect(smooth.filter { $0.y.isNaN }.count == 6)
    #expect(smooth.allSatisfy { $0.y.isNaN || abs($0.y - 2) < 1e-9 })
  }

  @Test func aLongLegendTakesMoreLines() {
    let series = (0..<6).map { LinePlot.Series("a rather long name \($0)", [(0, 0), (1, 1)]) }
    let svg = LinePlot(title: "", series: series).svg()
    #expect(
      Set(svg.components(separatedBy: "<rect ").dropFirst().map { $0.components(separatedBy: "\"")[3] }).count == 3)
  }

  @Test func labelsAreEscaped() {
    let line = LinePlot(
      title: "<a>", vertical: "&", series: [.init("<b>", [(1, 1)]), .init("c", [(1, 2)], .dotted)])
    let bars = BarChart(title: "<a>", unit: "<u>", series: ["<s>"], groups: [("<g>", [1])])
    for svg in [line.svg(), bars.svg()] {
      for raw in ["<a>", "<b>", "<u>", "<s>", "<g>"] { #expect(!svg.contains(raw)) }
    }
  }

  @Test func barsOfNothingAreStillAChart() {
    let chart = BarChart(
      title: "t", unit: "ms", series: ["a", "b"], groups: [("g", [nil, .nan]), ("h", [0, .infinity])])
    #expect(!chart.svg().contains("width=\"nan\""))
    #expect(chart.summary.contains("g: b nan ms"))
  }
}
