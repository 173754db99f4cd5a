/// Q4_K's quantiser: a block of 256 numbers in eight parts of 32, each stored as `scale · integer − minimum`.
///
/// For each part, 21 roundings are tried, and for each the scale and minimum that fit best by weighted least squares; large
/// numbers weigh more. Then the eight scales and minima are rounded to 6 bits and the integers chosen anew. The sums are in
/// the order of ggml's reference, so that every bit is the same; the eight parts are the eight lanes of vectors.
enum Q4K {
  private typealias Lanes = SIMD8<Float>
  private typealias Room = UnsafeMutableBufferPointer<Lanes>

  static func encode(_ source: UnsafeRawPointer, _ blocks: Int, _ target: UnsafeMutableRawPointer) -> GGUFEncoding {
    withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 128) { room in
      let part = Part(
        numbers: Room(rebasing: room[0..<32]), weights: Room(rebasing: room[32..<64]),
        integers: Room(rebasing: room[64..<96]), candidates: Room(rebasing: room[96..<128]))
      for block in 0..<blocks {
        let numbers = source + block &* 1024
        for index in 0..<8 where !Block32.largestMagnitude(numbers + index &* 128).isFinite { return .notFinite }
        part.load(numbers)
        guard store(part, target + block &* 144) else { return .outOfRange }
      }
      return .fine
    }
  }

  /// Eight parts side by side: vector i holds number i of every part.
  private struct Part {
    let numbers: Room
    let weights: Room
    /// The integers of the best fit so far, and those being tried.
    let integers: Room
    let candidates: Room

    func load(_ source: UnsafeRawPointer) {
      var squares = Lanes.zero
      for index in 0..<32 {
        var vector = Lanes.zero
        for lane in 0..<8 {
          vector[lane] = source.loadUnaligned(fromByteOffset: (lane &* 32 &+ index) &* 4, as: Float.self)
        }
        numbers[index] = vector
        squares += vector * vector
      }
      let average = (squares / 32).squareRoot()
      for index in 0..<32 { weights[index] = average + magnitude(numbers[index]) }
    }

    /// Rounds to integers from 0 to 15 into `candidates`.
    @inline(__always)
    func round(_ inverse: Lanes, above lowest: Lanes) {
      for index in 0..<32 { candidates[index] = nibble(inverse * (numbers[index] - lowest)) }
    }

    @inline(__always)
    func error(_ scale: Lanes, _ lowest: Lanes) -> Lanes {
      var error = Lanes.zero
      for index in 0..<32 {
        let difference = scale * candidates[index] + lowest - numbers[index]
        error += weights[index] * (difference * difference)
      }
      return error
    }

    /// The scales and minima that fit best; leaves their integers in `integers`.
    func fit() -> (scales: Lanes, minima: Lanes) {
      var lowest = numbers[0]
      var highest = numbers[0]
      var weight = weights[0]
      var sum = weight * numbers[0]
      for index in 1..<32 {
        let vector = numbers[index]
        lowest.replace(with: vector, where: vector .< lowest)
        highest.replace(with: vector, where: vector .> highest)
        weight += weights[index]
        sum += weights[index] * vector
      }
      lowest.replace(with: Lanes.zero, where: lowest .> Lanes.zero)
      let flat = highest .== lowest
      let first = 15 / (highest - lowest)
      var scale = 1 / first
      var minimum = lowest
      round(first, above: lowest)
      var best = error(scale, lowest)
      for index in 0..<32 { integers[index] = candidates[index] }

      for step in 0...20 {
        // As in the reference, the next roundings start from the best minimum so far.
        round((-1 + 0.1 * Float(step) + 15) / (highest - minimum), above: minimum)
        var (ones, squares, products) = (Lanes.zero, Lanes.zero, Lanes.zero)
        for index in 0..<32 {
          let weighted = weights[index] * candidates[index]
          ones += weighted
          squares += weighted * candidates[index]
          products += weighted * numbers[index]
        }
        let determinant = weight * squares - ones * ones
        var newScale = (weight * products - sum * ones) / determinant
        var newMinimum = (squares * sum - ones * products) / determinant
        let positive = newMinimum .> Lanes.zero
        newMinimum.replace(with: Lanes.zero, where: positive)
        newScale.replace(with: products / squares, where: positive)
        let newError = error(newScale, newMinimum)
        let better = (determinant .> Lanes.zero) .& (newError .< best)
        best.replace(with: newError, where: better)
        scale.replace(with: newScale, where: better)
        minimum.replace(with: newMinimum, where: better)
        for index in 0..<32 { integers[index].replace(with: candidates[index], where: better) }
      }
      scale.replace(with: Lanes.zero, where: flat)
      minimum.replace(with: lowest, where: flat)
      for index in 0..<32 { integers[index].replace(with: Lanes.zero, where: flat) }
      return (scale, -minimum)
    }

    /// Chooses the integers anew for the scales and minima that the file holds; a part whose scale is 0 keeps its own.
    func choose(_ scales: Lanes, _ minima: Lanes) {
      for index in 0..<32 {
        let chosen = nibble((numbers[index] + minima) / scales)
        integers[index].replace(with: chosen, where: scales .!= Lanes.zero)
      }
    }
  }

  /// Fits and stores a block; false when its scales are larger than half precision.
  private static func store(_ part: Part, _ bytes: UnsafeMutableRawPointer) -> Bool {
    let (scales, minima) = part.fit()
    let (scale, scaleBits) = sixBits(scales)
    let (minimum, minimumBits) = sixBits(minima)
    let halves = (HalfPrecision.bits(scale), HalfPrecision.bits(minimum))
    if halves.0 == 0x7C00 || halves.1 == 0x7C00 { return false }
    bytes.storeBytes(of: halves.0, as: UInt16.self)
    bytes.storeBytes(of: halves.1, toByteOffset: 2, as: UInt16.self)
    for index in 0..<4 {
      let (high, highMinimum) = (scaleBits[index + 4], minimumBits[index + 4])
      bytes.storeBytes(of: scaleBits[index] | (high >> 4) << 6, toByteOffset: 4 + index, as: UInt8.self)
      bytes.storeBytes(of: minimumBits[index] | (highMinimum >> 4) << 6, toByteOffset: 8 + index, as: UInt8.self)
      bytes.storeBytes(of: high & 15 | highMinimum << 4, toByteOffset: 12 + index, as: UInt8.self)
    }
    part.choose(
      HalfPrecision.value(halves.0) * lanes(scaleBits), HalfPrecision.value(halves.1) * lanes(minimumBits))
    for index in 0..<32 {
      let integers = part.integers[index]
      for pair in 0..<4 {
        let byte = UInt8(truncatingIfNeeded: bits(integers[2 * pair]) | bits(integers[2 * pair + 1]) << 4)
        bytes.storeBytes(of: byte, toByteOffset: 16 + pair * 32 + index, as: UInt8.self)
      }
    }
    return true
  }

  /// Eight numbers as integers from 0 to 63, and what one of them is worth.
  private static func sixBits(_ values: Lanes) -> (unit: Float, SIMD8<UInt8>) {
    var largest: Float = 0
    for lane in 0..<8 where values[lane] > largest { largest = values[lane] }
    let inverse = largest > 0 ? 63 / largest : 0
    var integers = SIMD8<UInt8>.zero
    for lane in 0..<8 { integers[lane] = UInt8(min(63, bits(nearest(inverse * values[lane])))) }
    return (largest / 63, integers)
  }

  private static func lanes(_ integers: SIMD8<UInt8>) -> Lanes {
    var lanes = Lanes.zero
    for lane in 0..<8 { lanes[lane] = Float(integers[lane]) }
    return lanes
  }

  /// Adding 1.5 · 2²³ rounds to the nearest integer, ties to even.
  private static let shift: Float = 12_582_912

  @inline(__always)
  private static func nearest(_ value: Float) -> Float { value + shift - shift }

  /// The integer that a float from 0 to 2²² is.
  @inline(__always)
  private static func bits(_ value: Float) -> UInt32 { (value + shift).bitPattern & 0x003F_FFFF }

  /// The nearest integers from 0 to 15.
  @inline(__always)
  private static func nibble(_ values: Lanes) -> Lanes {
    var rounded = values + shift - shift
    rounded.replace(with: Lanes.zero, where: rounded .< Lanes.zero)
    rounded.replace(with: Lanes(repeating: 15), where: rounded .> Lanes(repeating: 15))
    return rounded
  }

  @inline(__always)
  private static func magnitude(_ values: Lanes) -> Lanes {
    unsafeBitCast(unsafeBitCast(values, to: SIMD8<UInt32>.self) & 0x7FFF_FFFF, to: Lanes.self)
  }
}
