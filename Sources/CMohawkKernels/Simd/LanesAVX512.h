// Sixteen fp32 numbers; bf16 is converted on the way in and out.
struct Floats {
  using Value = float;
  static constexpr int64_t count = 16;
  __m512 v;

  static INLINE Floats of(double x) { return {_mm512_set1_ps(static_cast<float>(x))}; }
  static INLINE Floats load(const float *p) { return {_mm512_loadu_ps(p)}; }
  static INLINE Floats load(const BrainFloat *p) {
    return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)));
  }
  // The first n numbers, then `rest`.
  static INLINE Floats load(const float *p, int64_t n, float rest) {
    return {_mm512_mask_loadu_ps(_mm512_set1_ps(rest), mask(n), p)};
  }
  static INLINE Floats load(const BrainFloat *p, int64_t n, float rest) {
    const Floats some = widened(_mm256_maskz_loadu_epi16(mask(n), p));
    return {_mm512_mask_mov_ps(_mm512_set1_ps(rest), mask(n), some.v)};
  }
  INLINE void store(float *p) const { _mm512_storeu_ps(p, v); }
  INLINE void store(BrainFloat *p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), (__m256i)_mm512_cvtneps_pbh(v));
  }
  INLINE void store(float *p, int64_t n) const { _mm512_mask_storeu_ps(p, mask(n), v); }
  INLINE void store(BrainFloat *p, int64_t n) const {
    _mm256_mask_storeu_epi16(p, mask(n), (__m256i)_mm512_cvtneps_pbh(v));
  }
  // The first n numbers, then `rest`.
  INLINE Floats kept(int64_t n, double rest) const {
    return {_mm512_mask_mov_ps(of(rest).v, mask(n), v)};
  }
  // Of the first halves of a and b, and of the second, one number of each in turn.
  static INLINE Floats zippedLow(Floats a, Floats b) {
    return {__builtin_shufflevector(a.v, b.v, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)};
  }
  static INLINE Floats zippedHigh(Floats a, Floats b) {
    return {__builtin_shufflevector(a.v, b.v, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)};
  }
  INLINE float sum() const { return _mm512_reduce_add_ps(v); }
  INLINE float largest() const { return _mm512_reduce_max_ps(v); }

 private:
  static INLINE __mmask16 mask(int64_t n) { return static_cast<__mmask16>((1u << n) - 1); }
  static INLINE Floats widened(__m256i bits) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
  }
};
INLINE Floats operator+(Floats a, Floats b) { return {_mm512_add_ps(a.v, b.v)}; }
INLINE Floats operator-(Floats a, Floats b) { return {_mm512_sub_ps(a.v, b.v)}; }
INLINE Floats operator*(Floats a, Floats b) { return {_mm512_mul_ps(a.v, b.v)}; }
INLINE Floats operator/(Floats a, Floats b) { return {_mm512_div_ps(a.v, b.v)}; }
INLINE Floats multiplyAdd(Floats a, Floats b, Floats c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
INLINE Floats larger(Floats a, Floats b) { return {_mm512_max_ps(a.v, b.v)}; }
INLINE Floats smaller(Floats a, Floats b) { return {_mm512_min_ps(a.v, b.v)}; }
INLINE Floats squareRoot(Floats a) { return {_mm512_sqrt_ps(a.v)}; }
// e to the power of a, to about two units in the last place: 2 to the whole part, a polynomial for the rest. Below −110
// it is 0. A NaN stays one, because it is the second operand.
INLINE Floats exponential(Floats a) {
  const __m512 x = _mm512_min_ps(_mm512_set1_ps(110.0f), _mm512_max_ps(_mm512_set1_ps(-110.0f), a.v));
  const __m512 whole =
      _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504088896341f)), _MM_FROUND_TO_NEAREST_INT);
  __m512 rest = _mm512_fnmadd_ps(whole, _mm512_set1_ps(0.693359375f), x);
  rest = _mm512_fnmadd_ps(whole, _mm512_set1_ps(-2.12194440e-4f), rest);
  __m512 y = _mm512_set1_ps(1.9875691500e-4f);
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(1.3981999507e-3f));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(8.3334519073e-3f));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(4.1665795894e-2f));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(1.6666665459e-1f));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(5.0000001201e-1f));
  y = _mm512_fmadd_ps(y, _mm512_mul_ps(rest, rest), rest);
  return {_mm512_scalef_ps(_mm512_add_ps(y, _mm512_set1_ps(1.0f)), whole)};
}
// 1 / (1 + e to the power of −x), to about four units in the last place, without a division; 0 below −87. A NaN stays
// one.
INLINE Floats logistic(Floats a) {
  const __m512 power = _mm512_mul_ps(a.v, _mm512_set1_ps(-1.44269504088896341f));
  const __m512 x = _mm512_min_ps(_mm512_set1_ps(126.0f), _mm512_max_ps(_mm512_set1_ps(-126.0f), power));
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT);
  const __m512 rest = _mm512_sub_ps(x, whole);
  __m512 y = _mm512_set1_ps(1.32647e-3f);
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(9.67151e-3f));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(5.550734e-2f));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(2.4022242e-1f));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(6.9314698e-1f));
  y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(1.0f));
  const __m512 below = _mm512_add_ps(_mm512_scalef_ps(y, whole), _mm512_set1_ps(1.0f));
  const __m512 near = _mm512_rcp14_ps(below);
  const __mmask16 some = _mm512_cmp_ps_mask(power, _mm512_set1_ps(126.0f), _CMP_NGT_UQ);
  return {_mm512_maskz_mul_ps(some, near, _mm512_fnmadd_ps(below, near, _mm512_set1_ps(2.0f)))};
}

// A sum of squares in fp64.
struct Squares {
  __m512d low, high;
  INLINE void add(Floats a) {
    const __m512d first = _mm512_cvtps_pd(_mm512_castps512_ps256(a.v));
    const __m512d second = _mm512_cvtps_pd(_mm512_extractf32x8_ps(a.v, 1));
    low = _mm512_fmadd_pd(first, first, low);
    high = _mm512_fmadd_pd(second, second, high);
  }
  INLINE double total() const { return _mm512_reduce_add_pd(_mm512_add_pd(low, high)); }
};
INLINE Squares squaresOf(Floats) { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
