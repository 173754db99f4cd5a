// Products with quantised tiles by AVX2: bytes become 16-bit numbers whose products are added in pairs, exactly.
// After MatrixRowsAVX2.h.

// The lowest and the second byte of every pair, as 16-bit numbers: first of weights, without sign, then of
// activations, with sign.
static INLINE __m256i even(__m256i bytes) { return _mm256_and_si256(bytes, _mm256_set1_epi16(0xff)); }
static INLINE __m256i odd(__m256i bytes) { return _mm256_srli_epi16(bytes, 8); }
static INLINE __m256i evenSigned(__m256i bytes) { return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8); }
static INLINE __m256i oddSigned(__m256i bytes) { return _mm256_srai_epi16(bytes, 8); }

template <typename T>
static INLINE T value(const uint8_t *p) {
  T result;
  std::memcpy(&result, p, sizeof result);
  return result;
}

static INLINE __m256i wide(const uint8_t *p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)); }

// Rows 8 · half to 8 · half + 7 of one tile, times one column.
template <WeightFormat format>
static INLINE __m256 multiply_half(const uint8_t *weights, const TileLayout &tile, const uint8_t *x,
                                   const PreparedLayout &column, int64_t half) {
  const __m256i table = _mm256_add_epi8(
      _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(levels))), _mm256_set1_epi8(-128));
  const __m256i low = _mm256_set1_epi8(15);
  __m256 sum = _mm256_setzero_ps();
  for (int64_t g = 0; g < tile.groups; g++) {
    const uint8_t *w = weights + tile.numbers(g) + half * 32, *const own = x + g * group_columns;
    __m256i whole = _mm256_set1_epi32(value<int32_t>(x + column.offsets() + g * 4));
    const auto add = [&](int64_t k, __m256i weights) __attribute__((always_inline)) {
      const __m256i four = _mm256_set1_epi32(value<int32_t>(own + k));
      whole = _mm256_add_epi32(whole, _mm256_madd_epi16(even(weights), evenSigned(four)));
      whole = _mm256_add_epi32(whole, _mm256_madd_epi16(odd(weights), oddSigned(four)));
    };
    if constexpr (format == WeightFormat::q8) {
      for (int64_t four = 0; four < 8; four++, w += 64) add(four * 4, wide(w));
    } else {
      for (int64_t eight = 0; eight < 4; eight++, w += 64) {
        const __m256i pair = wide(w);
        add(eight * 8, _mm256_shuffle_epi8(table, _mm256_and_si256(pair, low)));
        add(eight * 8 + 4, _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(pair, 4), low)));
      }
    }
    const __m256 scale = load(reinterpret_cast<const uint16_t *>(weights + tile.scales(g) + half * 16));
    const __m256 own_scale = _mm256_set1_ps(value<float>(x + column.scales() + g * 4));
    sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole), _mm256_mul_ps(scale, own_scale), sum);
  }
  return sum;
}

template <WeightFormat format>
static void multiply_tiles(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride,
                           int64_t begin, int64_t end) {
  const TileLayout tile(format, matrix.columns);
  const PreparedLayout column(matrix.columns);
  for (int64_t r = begin; r < end; r += tile_rows) {
    const auto *own = static_cast<const uint8_t *>(matrix.data) + r / tile_rows * tile.bytes();
    const int64_t rows = end - r < tile_rows ? end - r : tile_rows;
    for (int64_t c = 0; c < count; c++) {
      const auto *x = static_cast<const uint8_t *>(prepared) + c * column.bytes();
      float sums[tile_rows];
      _mm256_storeu_ps(sums, multiply_half<format>(own, tile, x, column, 0));
      _mm256_storeu_ps(sums + 8, multiply_half<format>(own, tile, x, column, 1));
      std::memcpy(y + c * stride + r, sums, static_cast<size_t>(rows) * 4);
    }
  }
}
