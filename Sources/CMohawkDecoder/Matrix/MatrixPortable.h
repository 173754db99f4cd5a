// The products by plain loops, for any processor.

static INLINE float read(const float *p) { return *p; }
static INLINE float read(const uint16_t *p) { return widened(*p); }

// Eight sums at once, which the compiler keeps in vectors.
template <typename W>
static float product(const W *w, const W *x, int64_t columns) {
  float sums[8] = {};
  int64_t k = 0;
  for (; k + 8 <= columns; k += 8)
    for (int64_t i = 0; i < 8; i++) sums[i] += read(w + k + i) * read(x + k + i);
  for (int64_t i = 0; k < columns; k++, i++) sums[i] += read(w + k) * read(x + k);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

template <typename W>
static void multiply_rows(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride,
                          int64_t begin, int64_t end) {
  const int64_t step = prepared_step(matrix.format, matrix.columns);
  const W *const weights = static_cast<const W *>(matrix.data), *const x = static_cast<const W *>(prepared);
  for (int64_t r = begin; r < end; r++)
    for (int64_t c = 0; c < count; c++)
      y[c * stride + r] = product(weights + r * matrix.columns, x + c * step, matrix.columns);
}

// The integers of one group of 16 rows, as bytes with 128 added, [8 fours][16 rows][4 columns].
template <WeightFormat format>
static const uint8_t *bytes(const uint8_t *group, uint8_t *room) {
  if constexpr (format == WeightFormat::q8) return group;
  for (int64_t eight = 0; eight < 4; eight++, room += 128, group += 64) {
    for (int64_t i = 0; i < 64; i++) {
      room[i] = static_cast<uint8_t>(levels[group[i] & 15] + 128);
      room[64 + i] = static_cast<uint8_t>(levels[group[i] >> 4] + 128);
    }
  }
  return room - 512;
}

template <WeightFormat format>
static void multiply_tiles(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride,
                           int64_t begin, int64_t end) {
  const TileLayout tile(format, matrix.columns);
  const PreparedLayout column(matrix.columns);
  for (int64_t r = begin; r < end; r += tile_rows) {
    const auto *weights = static_cast<const uint8_t *>(matrix.data) + r / tile_rows * tile.bytes();
    const int64_t rows = end - r < tile_rows ? end - r : tile_rows;
    for (int64_t c = 0; c < count; c++) {
      const auto *x = static_cast<const uint8_t *>(prepared) + c * column.bytes();
      float sums[tile_rows] = {};
      for (int64_t g = 0; g < tile.groups; g++) {
        uint8_t room[512];
        const uint8_t *const w = bytes<format>(weights + tile.numbers(g), room);
        int32_t offset;
        float scale;
        uint16_t own[tile_rows];
        std::memcpy(&offset, x + column.offsets() + g * 4, 4);
        std::memcpy(&scale, x + column.scales() + g * 4, 4);
        std::memcpy(own, weights + tile.scales(g), sizeof own);
        for (int64_t i = 0; i < tile_rows; i++) {
          int32_t sum = offset;
          for (int64_t k = 0; k < group_columns; k++)
            sum += w[k / 4 * 64 + i * 4 + k % 4] * static_cast<int8_t>(x[g * group_columns + k]);
          sums[i] += static_cast<float>(sum) * (widened(own[i]) * scale);
        }
      }
      std::memcpy(y + c * stride + r, sums, static_cast<size_t>(rows) * 4);
    }
  }
}
