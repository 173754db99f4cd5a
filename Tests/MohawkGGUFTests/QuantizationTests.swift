import Foundation
import MohawkFiles
import Testing

@testable import MohawkGGUF

@Suite struct QuantizationTests {
  /// What a type makes of numbers.
  private func encoded(_ numbers: [Float], _ type: GGUFType) -> ([UInt8], GGUFEncoding) {
    var result = GGUFEncoding.fine
    let bytes = [UInt8](unsafeUninitializedCapacity: type.byteCount(numbers.count)!) { buffer, count in
      count = type.byteCount(numbers.count)!
      let room = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count)
      result = numbers.withUnsafeBufferPointer { type.encode($0, into: room) }
    }
    return (bytes, result)
  }

  @Test(arguments: [GGUFType.f16, .bf16, .q8, .q5, .q4])
  func everyByteIsTheReferences(type: GGUFType) throws {
    let file = try Goldens.file("numbers")
    let numbers = try file.floats(of: try #require(file.tensor("F32")))
    let (bytes, result) = encoded(numbers, type)
    #expect(result == .fine)
    let expected = file.withBytes(of: try #require(file.tensor(type.name))) { [UInt8]($0) }
    let different = zip(bytes, expected).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
    #expect(bytes.count == expected.count)
    #expect(different.isEmpty, "blocks \(Set(different.map { $0 / type.blockBytes }).sorted())")
  }

  @Test(arguments: [
    "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "F16", "F64",
  ])
  func everyNumberIsTheReferences(name: String) throws {
    let file = try Goldens.file("blocks")
    let numbers = try file.floats(of: try #require(file.tensor(name)))
    let expected = try file.floats(of: try #require(file.tensor(name + ".numbers")))
    #expect(numbers.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test func everyHalfPrecisionNumberComesBack() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.value(bits)
      if value.isNaN {
        #expect(bits & 0x7FFF > 0x7C00)
        #expect(HalfPrecision.bits(value) & 0x7FFF == 0x7E00)
      } else {
        #expect(HalfPrecision.bits(value) == bits)
      }
    }
  }

  @Test func vectorsAndSingleNumbersAreRoundedAlike() {
    var random = SplitMix(state: 5)
    let numbers = (0..<4096).map { _ in
      Float(
        bitPattern: UInt32.random(in: 0..<0x477F_F000, using: &random) | (Bool.random(using: &random) ? 0x8000_0000 : 0)
      )
    }
    let vectors = encoded(numbers, .f16).0
    let singly = numbers.flatMap { encoded([$0], .f16).0 }
    #expect(vectors == singly)
    #expect(encoded(numbers, .bf16).0 == numbers.flatMap { encoded([$0], .bf16).0 })
  }

  @Test func aNumberTooLargeForHalfPrecisionIsRefused() {
    for count in [1, 8, 9] {
      var numbers = [Float](repeating: 1, count: count)
      numbers[count - 1] = 65519.996
      #expect(encoded(numbers, .f16).1 == .fine)
      numbers[count - 1] = -65520
      #expect(encoded(numbers, .f16).1 == .outOfRange)
      numbers[count - 1] = .infinity
      #expect(encoded(numbers, .f16).1 == .fine)
    }
    #expect(encoded([Float](repeating: 1e7, count: 32), .q8).1 == .outOfRange)
    #expect(encoded([Float](repeating: -1e6, count: 32), .q4).1 == .outOfRange)
    for value: Float in [1e9, 1e30] {
      #expect(encoded((0..<256).map { $0 % 2 == 0 ? value : -value }, .q4K).1 == .outOfRange)
    }
  }

  @Test(arguments: [GGUFType.q8, .q4, .q4K], [Float.nan, .infinity, -.infinity])
  func whatIsNotFiniteCannotBeQuantised(type: GGUFType, value: Float) {
    for index in [0, 7, 31, 40, 255] {
      var numbers = [Float](repeating: 0.5, count: 256)
      numbers[index] = value
      #expect(encoded(numbers, type).1 == .notFinite)
    }
  }

  @Test func whatIsNotANumberStaysThatInFloatingPoint() {
    #expect(encoded([.nan], .bf16).0 == [0xC0, 0x7F])
    #expect(encoded([.nan], .f16).0 == [0x00, 0x7E])
    #expect(encoded([Float(bitPattern: 0x7F80_0001)], .bf16).0 == [0xC0, 0x7F])
    #expect(encoded([-.infinity], .bf16).0 == [0x80, 0xFF])
  }

  @Test(arguments: [GGUFType.q8, .q4])
  func aBlockWhoseScaleVanishesIsZero(type: GGUFType) throws {
    var numbers = [Float](repeating: 0, count: 32)
    numbers[3] = Float.leastNonzeroMagnitude * 70000
    let (bytes, result) = encoded(numbers, type)
    #expect(result == .fine)
    var back = [Float](repeating: .nan, count: 32)
    back.withUnsafeMutableBufferPointer { buffer in bytes.withUnsafeBytes { type.decode($0, into: buffer) } }
    #expect(back.allSatisfy { $0 == 0 })
  }

  /// What llama.cpp's `quantize_row_q4_K_ref` makes of the same numbers.
  @Test func aBlockOfQ4KIsTheReferences() {
    let numbers = (0..<256).map { (index: Int) -> Float in
      let residue = (index * index * 37 + index * 11) % 211 - 105
      return Float(residue) / 64 * Float(1 + index / 32)
    }
    let expected =
      "4127473287cdd7e088ccd9e11300b3ff20a36d9c00fa1abf9aeb716dbe5561c47c89fcb5d347003fc4afef645faf362219e434cab617"
      + "adaa1cb4c234ec1b8e58770bc6159a86c66c58aa515db06875d86abc7370d39bb93de6259973a3382353ead536deda3ce401642d4bbf"
      + "88a73c16451e3da18bba4f2a6a00ec3dd4d032dae75a2230a47d9c20ea2abf9adb717dbe"
    let (bytes, result) = encoded(numbers, .q4K)
    #expect(result == .fine)
    #expect(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
  }

  @Test func q4KStaysNearTheOriginalAndFlatPartsAreExact() throws {
    let file = try Goldens.file("numbers")
    var numbers = Array(try file.floats(of: try #require(file.tensor("F32")))[..<256])
    #expect(try relativeError(numbers, .q4K) < 0.085)
    numbers = (0..<256).map { Float($0 / 32) * -0.5 }
    #expect(try relativeError(numbers, .q4K) < 1e-3)
    numbers = [Float](repeating: 0, count: 256)
    #expect(encoded(numbers, .q4K).0.allSatisfy { $0 == 0 })
  }

  /// The root of the squared error over the squared size, when numbers are stored and read again.
  private func relativeError(_ numbers: [Float], _ type: GGUFType) throws -> Double {
    let (bytes, result) = encoded(numbers, type)
    #expect(result == .fine)
    var back = [Float](repeating: .nan, count: numbers.count)
    back.withUnsafeMutableBufferPointer { buffer in bytes.withUnsafeBytes { type.decode($0, into: buffer) } }
    let error = zip(numbers, back).map { Double(($0 - $1) * ($0 - $1)) }.reduce(0, +)
    return (error / numbers.map { Double($0 * $0) }.reduce(0, +)).squareRoot()
  }

  @Test func quantisedNumbersStayNearTheOriginal() throws {
    let file = try Goldens.file("numbers")
    let numbers = Array(try file.floats(of: try #require(file.tensor("F32")))[..<256])
    for (type, bound) in [(GGUFType.q8, 0.008), (.q4, 0.12), (.f16, 5e-4), (.bf16, 4e-3)] {
      #expect(try relativeError(numbers, type) < bound, "\(type)")
    }
  }
}
