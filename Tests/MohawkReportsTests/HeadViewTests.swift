import Foundation
import Testing

@testable import MohawkReports

/// Matrices of heads: singular values, pictures in the terminal, the page.
@Suite struct HeadViewTests {
  @Test func singularValuesAreNumpys() {
    // numpy.linalg.svd of numpy 2.
    let matrix: [Float] = [1, 0, 0, 0.5, 0.25, 0, -0.75, 2, 1.5]
    let expected = [2.628361280400412, 1.0953310523838902, 0.13025692064341837]
    for (value, other) in zip(SingularValues.of(matrix, 3), expected) {
      #expect(abs(value - other) < 1e-12 * other + 1e-15)
    }
    #expect(SingularValues.of([0, 0, 0, 0], 2) == [0, 0])
    #expect(SingularValues.of([1, 0, .nan, 1], 2).allSatisfy { $0.isNaN })
  }

  @Test func aMatrixOfLowRankHasFewSingularValues() {
    let size = 40
    let values = (0..<size * size).map { index in
      let (i, j) = (Float(index / size), Float(index % size))
      return (1 + i) * (2 - 0.1 * j) + sin(i) * cos(3 * j)
    }
    let found = SingularValues.of(values, size)
    #expect(found[1] > 1e-2 && found[2] < 1e-3 * found[1])
    #expect(SingularValues.rank(found, share: 0.99) == 1 && SingularValues.rank(found, share: 1 - 1e-9) == 2)
    #expect(
      SingularValues.rank([3, 4].sorted(by: >), share: 0.64) == 1 && SingularValues.rank([0, 0], share: 0.9) == 0)
    let squares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(abs(found.reduce(0) { $0 + $1 * $1 } - squares) < 1e-9 * squares)
  }

  /// A decay of one half, and the identity.
  private static let view: HeadView = {
    let size = 8
    var (decay, identity) = ([Float](repeating: 0, count: 64), [Float](repeating: 0, count: 64))
    for row in 0..<size {
      identity[row * size + row] = 1
      for column in 0...row { decay[row * size + column] = pow(0.5, Float(row - column)) }
    }
    return HeadView(
      layer: 2, head: 1, size: size,
      matrices: [.init("teacher", decay, size: size, halfLife: 1), .init("student", identity, size: size)])
  }()

  @Test func aHeadIsMeasured() throws {
    let (teacher, student) = (Self.view.matrices[0], Self.view.matrices[1])
    #expect(student.lookBack == 0 && student.rank == 8 && abs(student.norm - 8.0.squareRoot()) < 1e-12)
    var (weight, distance) = (0.0, 0.0)
    for row in 0..<8 {
      for step in 0...row {
        weight += pow(0.5, Double(step))
        distance += Double(step) * pow(0.5, Double(step))
      }
    }
    #expect(abs(teacher.lookBack - distance / weight) < 1e-12)
    let below = (0..<8).flatMap { row in (0..<row).map { pow(0.25, Double(row - $0)) } }.reduce(0, +)
    #expect(abs(Self.view.error! - below.squareRoot() / teacher.norm) < 1e-9)
    let table = HeadView.table([Self.view])
    #expect(table.columns.count == 11 && table.rows[0].prefix(2) == ["2", "1"] && table.rows[0].contains("–"))
  }

  @Test func picturesAreDrawnInTheTerminal() {
    let pictures = Self.view.pictures
    #expect(pictures.map(\.name) == ["teacher", "student", "difference"])
    let lines = pictures[1].map.lines(columns: 64, .characters)
    #expect(lines == ["@@      ", "  @@    ", "    @@  ", "      @@"])
    #expect(pictures[1].map.lines(columns: 4, .characters) == ["@@  ", "  @@"])
    let colours = pictures[0].map.lines(columns: 8, .colours)
    #expect(colours.count == 4 && colours.allSatisfy { $0.contains("▀") && $0.hasSuffix("\u{1B}[0m") })
    // Above the diagonal there is nothing; the place on it shows the lower half only.
    #expect(colours[0].contains("▄") && colours[0].hasSuffix(String(repeating: "\u{1B}[0m ", count: 6) + "\u{1B}[0m"))
    let odd = HeatMap(size: 3, values: [1, 0, 0, 0, 1, 0, .nan, 0, 1])
    #expect(odd.lines(columns: 3, .characters).last == "? @")
  }

  @Test func picturesMayBeLarger() throws {
    let map = Self.view.pictures[0].map
    #expect(map.png(scale: 1) == map.png)
    let large = map.png(scale: 3)
    #expect(large[16..<24].elementsEqual([0, 0, 0, 24, 0, 0, 0, 24]))
  }

  @Test func thePageShowsEverything() {
    let page = HeadPage(name: "a <model>", text: "Once & again", views: [Self.view]).html
    for part in [
      "a &lt;model&gt;", "Once &amp; again", "Layer 2, head 1", "data:image/png", "Singular values",
      "Half-life of the decay",
      "Look-back",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(!page.contains("<model>") && !page.contains("NaN"))
  }
}
