import Foundation
import Testing

@testable import MohawkReports

@Suite struct PictureTests {
  @Test func checksumsAreThePublishedOnes() {
    #expect(CRC32.castagnoli(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32.castagnoli([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)  // RFC 3720, B.4
    #expect(CRC32.ieee(Array("123456789".utf8)) == 0xCBF4_3926)
  }

  @Test func aPictureOfOnePixelIsThisFile() {
    let file = PNG.encode(width: 1, height: 1, pixels: [0], palette: [.init(red: 255, green: 0, blue: 0)])
    #expect(file.prefix(8) == [137, 80, 78, 71, 13, 10, 26, 10])
    #expect(file.suffix(12) == [0, 0, 0, 0, 73, 69, 78, 68, 0xAE, 0x42, 0x60, 0x82])
    // 78 01 | final stored block of two zero bytes | Adler-32 of two zero bytes
    let data: [UInt8] = [0x78, 0x01, 0x01, 0x02, 0x00, 0xFD, 0xFF, 0, 0, 0x00, 0x02, 0x00, 0x01]
    #expect(String(decoding: file, as: UTF8.self).contains("IDAT"))
    #expect(file.indices.contains { file[$0...].starts(with: data) })
  }

  @Test func largePicturesTakeSeveralBlocks() {
    let file = PNG.encode(
      width: 300, height: 300, pixels: [UInt8](repeating: 1, count: 90_000),
      palette: [.init(red: 0, green: 0, blue: 0), .init(red: 1, green: 2, blue: 3)])
    #expect(file.count > 90_300 && file.count < 91_500)
  }

  @Test func lightnessRisesWithTheValue() {
    func luminance(_ colour: PNG.Colour) -> Double {
      let linear = [colour.red, colour.green, colour.blue].map { pow((Double($0) / 255 + 0.055) / 1.055, 2.4) }
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    for map in [ColourMap.rising, ColourMap.falling] {
      let steps = (0...16).map { luminance(map(Double($0) / 16)) }
      #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 })
    }
    #expect(ColourMap.rising(0) == ColourMap.falling(0))
    #expect(ColourMap.difference(0).alpha == 0 && ColourMap.difference(-1).alpha == 255)
  }

  @Test func whatIsNotFiniteIsGreyAndNotTheScale() {
    let map = HeatMap(size: 2, values: [1, .nan, .infinity, -2])
    #expect(map.limit == 2)
    #expect(map.png.count > 800)
    #expect(HeatMap(size: 1, values: [0]).png.count > 800)
  }

  @Test func pairsSurviveJSONAsTriangles() throws {
    let pair = SyntheticRun.pair(layer: 1, head: 2, size: 9)
    let data = try JSONEncoder().encode(pair)
    #expect(try JSONDecoder().decode(MatrixPair.self, from: data) == pair)
    #expect(data.count < 9 * 10 / 2 * 4 * 2 * 4 / 3 + 120)
  }

  @Test func fullMatricesAreReadToo() throws {
    let numbers: [Float] = [1, 0, -2, 3]
    let full = numbers.withUnsafeBytes { Data($0).base64EncodedString() }
    let text = #"{"layer":0,"head":0,"size":2,"teacher":"\#(full)","student":"\#(full)"}"#
    let pair = try JSONDecoder().decode(MatrixPair.self, from: Data(text.utf8))
    #expect(pair.teacher == numbers && pair.distance == 0)
  }

  @Test(arguments: [0, -1, 3, 5000, Int.max]) func matricesOfAnotherSizeAreRefused(size: Int) {
    let text = #"{"layer":0,"head":0,"size":\#(size),"teacher":"AAAA","student":"AAAA"}"#
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(MatrixPair.self, from: Data(text.utf8)) }
  }

  @Test func distancesAreThoseOfTheLowerTriangle() {
    let pair = MatrixPair(layer: 0, head: 0, size: 2, teacher: [3, 99, 4, 0], student: [0, -99, 0, 0])
    #expect(pair.distance == 5 && pair.relativeDistance == 1)
  }
}
