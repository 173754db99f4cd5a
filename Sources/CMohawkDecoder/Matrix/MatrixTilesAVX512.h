// Products with quantised tiles: lanes are rows, the activations of four columns are broadcast to all of them.
// For AVX-512 with its products of bytes, after MatrixRowsAVX512.h.

static INLINE __m512i broadcast(const void *four) {
  int32_t value;
  std::memcpy(&value, four, 4);
  return _mm512_set1_epi32(value);
}
static INLINE __m512 broadcast_float(const void *p) {
  float value;
  std::memcpy(&value, p, 4);
  return _mm512_set1_ps(value);
}

static INLINE void prefetch(const uint8_t *p) { _mm_prefetch(reinterpret_cast<const char *>(p), _MM_HINT_NTA); }

// One tile times `count` columns.
template <WeightFormat format, int count>
static void multiply_tile(const uint8_t *w, const TileLayout &tile, const uint8_t *x, const PreparedLayout &column,
                          float *y, int64_t stride, __mmask16 rows, int64_t ahead) {
  const int64_t step = column.bytes();
  const __m512i table = _mm512_add_epi8(
      _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i *>(levels))), _mm512_set1_epi8(-128));
  const __m512i low = _mm512_set1_epi8(15);
  const uint8_t *scales = w;
  __m512 sum[count];
  for (auto &one : sum) one = _mm512_setzero_ps();
  for (int64_t g = 0; g < tile.groups; g++) {
    if (g % 2 == 0) {
      scales = w;
      prefetch(w + ahead);
      w += 64;
    }
    const uint8_t *const own = x + g * group_columns;
    __m512i whole[count];
#pragma GCC unroll 8
    for (int c = 0; c < count; c++) whole[c] = broadcast(x + c * step + column.offsets() + g * 4);
    const auto add = [&](int64_t k, __m512i weights) __attribute__((always_inline)) {
#pragma GCC unroll 8
      for (int c = 0; c < count; c++)
        whole[c] = _mm512_dpbusd_epi32(whole[c], weights, broadcast(own + c * step + k));
    };
    if constexpr (format == WeightFormat::q8) {
#pragma GCC unroll 8
      for (int64_t four = 0; four < 8; four++, w += 64) {
        prefetch(w + ahead);
        add(four * 4, _mm512_loadu_si512(w));
      }
    } else {
#pragma GCC unroll 4
      for (int64_t eight = 0; eight < 4; eight++, w += 64) {
        prefetch(w + ahead);
        const __m512i pair = _mm512_loadu_si512(w);
        add(eight * 8, _mm512_shuffle_epi8(table, _mm512_and_si512(pair, low)));
        add(eight * 8 + 4, _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(pair, 4), low)));
      }
    }
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(scales + g % 2 * 32));
    const __m512 scale = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
#pragma GCC unroll 8
    for (int c = 0; c < count; c++)
      sum[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole[c]),
                               _mm512_mul_ps(scale, broadcast_float(x + c * step + column.scales() + g * 4)), sum[c]);
  }
  for (int c = 0; c < count; c++) _mm512_mask_storeu_ps(y + c * stride, rows, sum[c]);
}

template <WeightFormat format>
static void multiply_tiles(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride,
                           int64_t begin, int64_t end) {
  const TileLayout tile(format, matrix.columns);
  const PreparedLayout column(matrix.columns);
  const int64_t step = column.bytes();
  for (int64_t r = begin; r < end; r += tile_rows) {
    const auto *own = static_cast<const uint8_t *>(matrix.data) + r / tile_rows * tile.bytes();
    const auto *x = static_cast<const uint8_t *>(prepared);
    const auto rows = static_cast<__mmask16>(end - r < tile_rows ? (1u << (end - r)) - 1 : 0xffffu);
    in_blocks(count, [&](int64_t c, auto block) {
      multiply_tile<format, block()>(own, tile, x + c * step, column, y + c * stride + r, stride, rows, 8192);
    });
  }
}
