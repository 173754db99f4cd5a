// Products with plain rows: vectors of columns, several rows and activations at once. Part of MatrixAVX512.cpp.

struct RowsF32 {
  using Element = float;
  using Vector = __m512;
  static constexpr int64_t lanes = 16;
  static INLINE Vector load(const float *p) { return _mm512_loadu_ps(p); }
  static INLINE Vector load(const float *p, int64_t n) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
  }
  static INLINE __m512 add(__m512 sum, Vector w, Vector x) { return _mm512_fmadd_ps(w, x, sum); }
};

struct RowsBF16 {
  using Element = uint16_t;
  using Vector = __m512i;
  static constexpr int64_t lanes = 32;
  static INLINE Vector load(const uint16_t *p) { return _mm512_loadu_si512(p); }
  static INLINE Vector load(const uint16_t *p, int64_t n) {
    return _mm512_maskz_loadu_epi16(static_cast<__mmask32>((1ull << n) - 1), p);
  }
  static INLINE __m512 add(__m512 sum, Vector w, Vector x) {
    return _mm512_dpbf16_ps(sum, (__m512bh)w, (__m512bh)x);
  }
};

static INLINE __m128 quarter(__m512 v) {
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}
// The four sums, always added in the same order.
static INLINE __m128 sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  return _mm_hadd_ps(_mm_hadd_ps(quarter(a), quarter(b)), _mm_hadd_ps(quarter(c), quarter(d)));
}

// `rows` rows times `count` columns. `ahead`: elements from here to the weights that are needed next.
template <typename F, int rows, int count>
static void multiply_block(const typename F::Element *w, int64_t columns, const typename F::Element *x, int64_t step,
                           float *y, int64_t stride, int64_t ahead) {
  __m512 sum[rows][count];
  for (auto &row : sum)
    for (auto &one : row) one = _mm512_setzero_ps();
  const int64_t whole = columns / F::lanes * F::lanes;
  const auto advance = [&](int64_t k, auto part) __attribute__((always_inline)) {
    typename F::Vector weights[rows];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
      weights[r] = part() ? F::load(w + r * columns + k, columns - k) : F::load(w + r * columns + k);
#pragma GCC unroll 8
    for (int c = 0; c < count; c++) {
      const auto activations = F::load(x + c * step + k);
#pragma GCC unroll 8
      for (int r = 0; r < rows; r++) sum[r][c] = F::add(sum[r][c], weights[r], activations);
    }
  };
  for (int64_t k = 0; k < whole; k += F::lanes) {
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
      _mm_prefetch(reinterpret_cast<const char *>(w + r * columns + k + ahead), _MM_HINT_T0);
    advance(k, std::false_type());
  }
  if (whole < columns) advance(whole, std::true_type());
  for (int c = 0; c < count; c++) {
    __m512 own[(rows + 3) / 4 * 4];
    for (int r = 0; r < (rows + 3) / 4 * 4; r++) own[r] = r < rows ? sum[r][c] : _mm512_setzero_ps();
    for (int r = 0; r < rows; r += 4)
      _mm_mask_storeu_ps(y + c * stride + r, static_cast<__mmask8>((1u << std::min(rows - r, 4)) - 1),
                         sums(own[r], own[r + 1], own[r + 2], own[r + 3]));
  }
}

template <typename F, int rows>
static void multiply_columns(const typename F::Element *w, int64_t columns, const typename F::Element *x, int64_t step,
                             int64_t count, float *y, int64_t stride, int64_t ahead) {
  in_blocks(count, [&](int64_t c, auto block) {
    multiply_block<F, rows, block()>(w, columns, x + c * step, step, y + c * stride, stride, ahead);
  });
}

template <typename F, int rows>
static int64_t multiply_groups(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y,
                               int64_t stride, int64_t begin, int64_t end) {
  const int64_t step = prepared_step(matrix.format, matrix.columns);
  const auto *weights = static_cast<const typename F::Element *>(matrix.data);
  const auto *x = static_cast<const typename F::Element *>(prepared);
  for (; begin + rows <= end; begin += rows)
    multiply_columns<F, rows>(weights + begin * matrix.columns, matrix.columns, x, step, count, y + begin, stride,
                              rows * matrix.columns);
  return begin;
}

template <typename F>
static void multiply_rows(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride,
                          int64_t begin, int64_t end) {
  if (count == 1) begin = multiply_groups<F, 8>(matrix, prepared, count, y, stride, begin, end);
  if (count < 8) begin = multiply_groups<F, 4>(matrix, prepared, count, y, stride, begin, end);
  begin = multiply_groups<F, 3>(matrix, prepared, count, y, stride, begin, end);
  multiply_groups<F, 1>(matrix, prepared, count, y, stride, begin, end);
}
