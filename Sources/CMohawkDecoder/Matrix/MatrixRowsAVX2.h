// Products with plain rows by AVX2: bf16 is widened as it is read.

static INLINE __m256 load(const float *p) { return _mm256_loadu_ps(p); }
static INLINE __m256 load(const uint16_t *p) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

static INLINE float total(__m256 v) {
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 pair = _mm_hadd_ps(half, half);
  return _mm_cvtss_f32(_mm_hadd_ps(pair, pair));
}

template <typename W, int rows, int count>
static void multiply_block(const W *w, int64_t columns, const W *x, int64_t step, float *y, int64_t stride,
                           int64_t ahead) {
  __m256 sum[rows][count];
  for (auto &row : sum)
    for (auto &one : row) one = _mm256_setzero_ps();
  const auto add = [&](const W *weights, int64_t columns, const W *x) __attribute__((always_inline)) {
    __m256 own[rows];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) own[r] = load(weights + r * columns);
#pragma GCC unroll 4
    for (int c = 0; c < count; c++) {
      const __m256 activations = load(x + c * step);
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++) sum[r][c] = _mm256_fmadd_ps(own[r], activations, sum[r][c]);
    }
  };
  const int64_t whole = columns / 8 * 8;
  for (int64_t k = 0; k < whole; k += 8) {
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++)
      _mm_prefetch(reinterpret_cast<const char *>(w + r * columns + k + ahead), _MM_HINT_T0);
    add(w + k, columns, x + k);
  }
  if (whole < columns) {
    W rest[rows][8] = {};
    for (int r = 0; r < rows; r++)
      std::memcpy(rest[r], w + r * columns + whole, static_cast<size_t>(columns - whole) * sizeof(W));
    add(rest[0], 8, x + whole);
  }
  for (int c = 0; c < count; c++)
    for (int r = 0; r < rows; r++) y[c * stride + r] = total(sum[r][c]);
}

template <typename W, int rows>
static int64_t multiply_groups(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y,
                               int64_t stride, int64_t begin, int64_t end) {
  const int64_t columns = matrix.columns, step = prepared_step(matrix.format, columns);
  for (; begin + rows <= end; begin += rows) {
    const W *const weights = static_cast<const W *>(matrix.data) + begin * columns;
    const W *const x = static_cast<const W *>(prepared);
    int64_t c = 0;
    for (; c + 2 <= count; c += 2)
      multiply_block<W, rows, 2>(weights, columns, x + c * step, step, y + c * stride + begin, stride, rows * columns);
    if (c < count)
      multiply_block<W, rows, 1>(weights, columns, x + c * step, step, y + c * stride + begin, stride, rows * columns);
  }
  return begin;
}

template <typename W>
static void multiply_rows(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride,
                          int64_t begin, int64_t end) {
  begin = multiply_groups<W, 4>(matrix, prepared, count, y, stride, begin, end);
  multiply_groups<W, 1>(matrix, prepared, count, y, stride, begin, end);
}
