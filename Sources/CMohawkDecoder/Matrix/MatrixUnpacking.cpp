// Matrices of any format as plain rows.
#include "MatrixLayout.h"

namespace mohawk {
namespace {

void put(float *out, float value) { *out = value; }
void put(uint16_t *out, float value) { *out = narrowed(value); }

template <typename T>
void unpack_plain(const WeightMatrix &matrix, int64_t begin, int64_t end, T *out) {
  const int64_t first = begin * matrix.columns, count = (end - begin) * matrix.columns;
  if (matrix.format == WeightFormat::f32) {
    const auto *in = static_cast<const float *>(matrix.data) + first;
    for (int64_t i = 0; i < count; i++) put(out + i, in[i]);
  } else if constexpr (sizeof(T) == 2) {
    std::memcpy(out, static_cast<const uint16_t *>(matrix.data) + first, static_cast<size_t>(count) * 2);
  } else {
    const auto *in = static_cast<const uint16_t *>(matrix.data) + first;
    for (int64_t i = 0; i < count; i++) out[i] = widened(in[i]);
  }
}

// The 32 numbers of one row in one group, with 128 added.
void gather(WeightFormat format, const uint8_t *group, int64_t row, uint8_t *out) {
  if (format == WeightFormat::q8) {
    for (int64_t four = 0; four < 8; four++) std::memcpy(out + four * 4, group + four * 64 + row * 4, 4);
    return;
  }
  for (int64_t eight = 0; eight < 4; eight++) {
    for (int64_t i = 0; i < 4; i++) {
      const uint8_t pair = group[eight * 64 + row * 4 + i];
      out[eight * 8 + i] = static_cast<uint8_t>(levels[pair & 15] + 128);
      out[eight * 8 + 4 + i] = static_cast<uint8_t>(levels[pair >> 4] + 128);
    }
  }
}

template <typename T>
void unpack_tiles(const WeightMatrix &matrix, int64_t begin, int64_t end, T *out) {
  const TileLayout tile(matrix.format, matrix.columns);
  const int64_t whole = matrix.columns / group_columns;
  for (int64_t r = begin; r < end; r++, out += matrix.columns) {
    const int64_t row = r % tile_rows;
    const auto *weights = static_cast<const uint8_t *>(matrix.data) + r / tile_rows * tile.bytes();
    const auto unpack_group = [&](int64_t g, T *to) {
      uint16_t bits;
      std::memcpy(&bits, weights + tile.scales(g) + row * 2, 2);
      const float scale = widened(bits);
      uint8_t numbers[group_columns];
      gather(matrix.format, weights + tile.numbers(g), row, numbers);
      for (int64_t k = 0; k < group_columns; k++) put(to + k, static_cast<float>(numbers[k] - 128) * scale);
    };
    for (int64_t g = 0; g < whole; g++) unpack_group(g, out + g * group_columns);
    if (whole < tile.groups) {
      T rest[group_columns];
      unpack_group(whole, rest);
      std::memcpy(out + whole * group_columns, rest,
                  static_cast<size_t>(matrix.columns - whole * group_columns) * sizeof(T));
    }
  }
}

template <typename T>
void unpack_any(const WeightMatrix &matrix, int64_t begin, int64_t end, T *out) {
  if (matrix.format == WeightFormat::q8 || matrix.format == WeightFormat::q4) {
    unpack_tiles(matrix, begin, end, out);
  } else {
    unpack_plain(matrix, begin, end, out);
  }
}

}  // namespace

void unpack(const WeightMatrix &matrix, int64_t begin, int64_t end, float *out) {
  unpack_any(matrix, begin, end, out);
}
void unpack(const WeightMatrix &matrix, int64_t begin, int64_t end, uint16_t *out) {
  unpack_any(matrix, begin, end, out);
}

}  // namespace mohawk
