// Eight fp32 numbers; bf16 is converted on the way in and out.
struct Floats {
  using Value = float;
  static constexpr int64_t count = 8;
  __m256 v;

  static INLINE Floats of(double x) { return {_mm256_set1_ps(static_cast<float>(x))}; }
  static INLINE Floats load(const float *p) { return {_mm256_loadu_ps(p)}; }
  static INLINE Floats load(const BrainFloat *p) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16))};
  }
  // The first n numbers, then `rest`.
  template <typename Stored>
  static INLINE Floats load(const Stored *p, int64_t n, float rest) {
    float some[count];
    for (int64_t i = 0; i < count; i++) some[i] = i < n ? static_cast<float>(p[i]) : rest;
    return load(some);
  }
  INLINE void store(float *p) const { _mm256_storeu_ps(p, v); }
  // Rounded to the nearest, ties to even; a NaN stays one.
  INLINE void store(BrainFloat *p) const {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
    const __m256i isNaN = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i kept = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc0), isNaN);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(kept, kept), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), _mm256_castsi256_si128(packed));
  }
  template <typename Stored>
  INLINE void store(Stored *p, int64_t n) const {
    Stored some[count];
    store(some);
    for (int64_t i = 0; i < n; i++) p[i] = some[i];
  }
  // The first n numbers, then `rest`.
  INLINE Floats kept(int64_t n, double rest) const {
    float some[count];
    store(some);
    return load(some, n, static_cast<float>(rest));
  }
  // Of the first halves of a and b, and of the second, one number of each in turn.
  static INLINE Floats zippedLow(Floats a, Floats b) {
    return {__builtin_shufflevector(a.v, b.v, 0, 8, 1, 9, 2, 10, 3, 11)};
  }
  static INLINE Floats zippedHigh(Floats a, Floats b) {
    return {__builtin_shufflevector(a.v, b.v, 4, 12, 5, 13, 6, 14, 7, 15)};
  }
  INLINE float sum() const {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_shuffle_ps(half, half, 1)));
  }
  INLINE float largest() const {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_shuffle_ps(half, half, 1)));
  }
};
INLINE Floats operator+(Floats a, Floats b) { return {_mm256_add_ps(a.v, b.v)}; }
INLINE Floats operator-(Floats a, Floats b) { return {_mm256_sub_ps(a.v, b.v)}; }
INLINE Floats operator*(Floats a, Floats b) { return {_mm256_mul_ps(a.v, b.v)}; }
INLINE Floats operator/(Floats a, Floats b) { return {_mm256_div_ps(a.v, b.v)}; }
INLINE Floats multiplyAdd(Floats a, Floats b, Floats c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
INLINE Floats larger(Floats a, Floats b) { return {_mm256_max_ps(a.v, b.v)}; }
INLINE Floats smaller(Floats a, Floats b) { return {_mm256_min_ps(a.v, b.v)}; }
INLINE Floats squareRoot(Floats a) { return {_mm256_sqrt_ps(a.v)}; }
// e to the power of a, to about two units in the last place; below −87 it is e⁻⁸⁷, above 88 infinite. A NaN stays
// one, because it is the second operand.
INLINE Floats exponential(Floats a) {
  const __m256 x = _mm256_min_ps(_mm256_set1_ps(88.0f), _mm256_max_ps(_mm256_set1_ps(-87.0f), a.v));
  const __m256 whole =
      _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504088896341f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 rest = _mm256_fnmadd_ps(whole, _mm256_set1_ps(0.693359375f), x);
  rest = _mm256_fnmadd_ps(whole, _mm256_set1_ps(-2.12194440e-4f), rest);
  __m256 y = _mm256_set1_ps(1.9875691500e-4f);
  y = _mm256_fmadd_ps(y, rest, _mm256_set1_ps(1.3981999507e-3f));
  y = _mm256_fmadd_ps(y, rest, _mm256_set1_ps(8.3334519073e-3f));
  y = _mm256_fmadd_ps(y, rest, _mm256_set1_ps(4.1665795894e-2f));
  y = _mm256_fmadd_ps(y, rest, _mm256_set1_ps(1.6666665459e-1f));
  y = _mm256_fmadd_ps(y, rest, _mm256_set1_ps(5.0000001201e-1f));
  y = _mm256_add_ps(_mm256_fmadd_ps(y, _mm256_mul_ps(rest, rest), rest), _mm256_set1_ps(1.0f));
  const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127)), 23);
  const __m256 tooLarge = _mm256_cmp_ps(a.v, _mm256_set1_ps(88.0f), _CMP_GT_OQ);
  return {_mm256_blendv_ps(_mm256_mul_ps(y, _mm256_castsi256_ps(power)),
                           _mm256_set1_ps(std::numeric_limits<float>::infinity()), tooLarge)};
}

// A sum of squares in fp64.
struct Squares {
  __m256d low, high;
  INLINE void add(Floats a) {
    const __m256d first = _mm256_cvtps_pd(_mm256_castps256_ps128(a.v));
    const __m256d second = _mm256_cvtps_pd(_mm256_extractf128_ps(a.v, 1));
    low = _mm256_fmadd_pd(first, first, low);
    high = _mm256_fmadd_pd(second, second, high);
  }
  INLINE double total() const {
    const __m256d both = _mm256_add_pd(low, high);
    const __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(both), _mm256_extractf128_pd(both, 1));
    return _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)));
  }
};
INLINE Squares squaresOf(Floats) { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
