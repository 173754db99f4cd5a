// Products with plain rows: vectors of columns, several rows and activations at once. For AVX-512.

// Calls run(first, number) for blocks of 8, 4, 2 and 1 columns.
template <typename Run>
static INLINE void in_blocks(int64_t count, const Run &run) {
  int64_t first = 0;
  for (; first + 8 <= count; first += 8) run(first, std::integral_constant<int, 8>());
  if (count & 4) run(first, std::integral_constant<int, 4>());
  first += count & 4;
  if (count & 2) run(first, std::integral_constant<int, 2>());
  first += count & 2;
  if (count & 1) run(first, std::integral_constant<int, 1>());
}

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

// What `sums` adds up, in the same order, of four vectors for each quarter of the result.
static INLINE __m512 halves(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}
static INLINE __m512 quarters(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m512 low = halves(a, b), high = halves(c, d);
  return _mm512_add_ps(_mm512_shuffle_f32x4(low, high, 0x88), _mm512_shuffle_f32x4(low, high, 0xdd));
}
static INLINE __m512 pairs(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd));
}

// The weights that follow, so many bytes from here, are fetched meanwhile, in the order in which they lie: rows read side by
// side would be fetched at half the speed of memory. They are read once, so that they need not displace states in the caches.
constexpr int64_t fetched_ahead = 8192;

// `rows` rows times `count` columns.
template <typename F, int rows, int count>
static void multiply_block(const typename F::Element *w, int64_t columns, const typename F::Element *x, int64_t step,
                           float *y, int64_t stride) {
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
    const auto *next = reinterpret_cast<const char *>(w) + fetched_ahead + k / F::lanes * rows * 64;
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) _mm_prefetch(next + r * 64, _MM_HINT_NTA);
    advance(k, std::false_type());
  }
  if (whole < columns) advance(whole, std::true_type());
  const auto stored = static_cast<__mmask8>((1u << rows) - 1);
  if constexpr (count % 4 == 0) {
#pragma GCC unroll 2
    for (int c = 0; c < count; c += 4) {
      __m512 own[4];
#pragma GCC unroll 4
      for (int r = 0; r < 4; r++)
        own[r] = r < rows ? quarters(sum[r][c], sum[r][c + 1], sum[r][c + 2], sum[r][c + 3]) : own[0];
      const __m512 all = pairs(pairs(own[0], own[1]), pairs(own[2], own[3]));
      float *const to = y + c * stride;
      _mm_mask_storeu_ps(to, stored, _mm512_castps512_ps128(all));
      _mm_mask_storeu_ps(to + stride, stored, _mm512_extractf32x4_ps(all, 1));
      _mm_mask_storeu_ps(to + 2 * stride, stored, _mm512_extractf32x4_ps(all, 2));
      _mm_mask_storeu_ps(to + 3 * stride, stored, _mm512_extractf32x4_ps(all, 3));
    }
  } else {
    for (int c = 0; c < count; c++) {
      __m512 own[4];
#pragma GCC unroll 4
      for (int r = 0; r < 4; r++) own[r] = r < rows ? sum[r][c] : _mm512_setzero_ps();
      _mm_mask_storeu_ps(y + c * stride, stored, sums(own[0], own[1], own[2], own[3]));
    }
  }
}

template <typename F, int rows>
static void multiply_columns(const typename F::Element *w, int64_t columns, const typename F::Element *x, int64_t step,
                             int64_t count, float *y, int64_t stride) {
  in_blocks(count, [&](int64_t c, auto block) {
    multiply_block<F, rows, block()>(w, columns, x + c * step, step, y + c * stride, stride);
  });
}

template <typename F, int rows>
static int64_t multiply_groups(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y,
                               int64_t stride, int64_t begin, int64_t end) {
  const int64_t step = prepared_step(matrix.format, matrix.columns);
  const auto *weights = static_cast<const typename F::Element *>(matrix.data);
  const auto *x = static_cast<const typename F::Element *>(prepared);
  for (; begin + rows <= end; begin += rows)
    multiply_columns<F, rows>(weights + begin * matrix.columns, matrix.columns, x, step, count, y + begin, stride);
  return begin;
}

template <typename W>
static void multiply_rows(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride,
                          int64_t begin, int64_t end) {
  using F = std::conditional_t<std::is_same_v<W, float>, RowsF32, RowsBF16>;
  if (count < 8) begin = multiply_groups<F, 4>(matrix, prepared, count, y, stride, begin, end);
  begin = multiply_groups<F, 3>(matrix, prepared, count, y, stride, begin, end);
  multiply_groups<F, 1>(matrix, prepared, count, y, stride, begin, end);
}
