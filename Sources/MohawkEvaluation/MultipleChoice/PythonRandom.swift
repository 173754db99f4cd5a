/// Python's `random.Random`: the Mersenne Twister (Matsumoto and Nishimura 1998), seeded and drawn from as CPython does,
/// so that examples and bootstrap samples are those of lm_eval.
struct PythonRandom {
  private var state = [UInt32](repeating: 0, count: 624)
  private var index = 624

  /// `random.Random(seed)`.
  init(seed: UInt32) {
    state[0] = 19_650_218
    for i in 1..<624 { state[i] = 1_812_433_253 &* (state[i - 1] ^ (state[i - 1] >> 30)) &+ UInt32(i) }
    var i = 1
    func mixed(_ factor: UInt32) -> UInt32 { (state[i - 1] ^ (state[i - 1] >> 30)) &* factor }
    func advance() {
      i += 1
      if i == 624 {
        state[0] = state[623]
        i = 1
      }
    }
    for _ in 0..<624 {
      state[i] = (state[i] ^ mixed(1_664_525)) &+ seed
      advance()
    }
    for _ in 0..<623 {
      state[i] = (state[i] ^ mixed(1_566_083_941)) &- UInt32(i)
      advance()
    }
    state[0] = 0x8000_0000
  }

  /// 32 random bits.
  mutating func next() -> UInt32 {
    if index == 624 { refill() }
    var y = state[index]
    index += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C_5680
    y ^= (y << 15) & 0xEFC6_0000
    return y ^ (y >> 18)
  }

  /// `random()`: a number in 0..<1 with 53 bits.
  mutating func unit() -> Double {
    let high = Double(next() >> 5)
    let low = Double(next() >> 6)
    return (high * 67_108_864 + low) * (1 / 9_007_199_254_740_992)
  }

  /// `randrange(bound)`, for bounds below 2³².
  mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max), "a bound from 1 to 2³² − 1")
    let bits = Int.bitWidth - bound.leadingZeroBitCount
    while true {
      let draw = Int(next() >> (32 - UInt32(bits)))
      if draw < bound { return draw }
    }
  }

  /// `sample(range(count), chosen)`.
  mutating func sample(_ chosen: Int, of count: Int) -> [Int] {
    precondition(chosen <= count, "\(chosen) of \(count)")
    // As CPython decides between a list of all and a set of those drawn: by which of them is smaller.
    var setSize = 21
    if chosen > 5 {
      var power = 1
      while power < chosen * 3 { power *= 4 }
      setSize += power
    }
    if count <= setSize {
      var pool = Array(0..<count)
      return (0..<chosen).map { done in
        let place = below(count - done)
        defer { pool[place] = pool[count - done - 1] }
        return pool[place]
      }
    }
    var seen: Set<Int> = []
    return (0..<chosen).map { _ in
      while true {
        let place = below(count)
        if seen.insert(place).inserted { return place }
      }
    }
  }

  private mutating func refill() {
    state.withUnsafeMutableBufferPointer { state in
      for i in 0..<624 {
        let y = (state[i] & 0x8000_0000) | (state[(i + 1) % 624] & 0x7FFF_FFFF)
        state[i] = state[(i + 397) % 624] ^ (y >> 1) ^ (y & 1 == 0 ? 0 : 0x9908_B0DF)
      }
    }
    index = 0
  }
}
