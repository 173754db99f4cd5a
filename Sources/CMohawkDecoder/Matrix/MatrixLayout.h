// Where the numbers of quantised matrices and of prepared activations lie.
//
// Quantised: a tile holds 16 rows, so that a vector's lanes are rows. A tile is read from its first byte to its last:
// for every two groups of 32 columns first their scales, bf16 [2][16 rows], then the numbers of each:
//   q8  [group][8 fours][16 rows][4 columns], a byte each: the integer (−127 to 127) + 128
//   q4  [group][4 eights][16 rows][4 bytes], low halves: columns 0 to 3 of the eight, high halves: columns 4 to 7; each
//       half is an index into `levels`
// Missing rows and columns are zeros. Of an odd last group, only the scales have room for two.
//
// Prepared activations for them, per column: int8 [groups · 32], then fp32 scales [groups], then int32
// [groups], −128 · the group's sum, which undoes the 128 that was added to the weights.
#pragma once
#include <cstdint>
#include <cstring>

#include "Matrix.h"

namespace mohawk {

constexpr int64_t group_columns = 32;
constexpr int64_t tile_rows = 16;

/// What the 16 numbers of 4 bits stand for, times the group's scale (of either sign): those with the least squared error
/// for groups of 32 normal deviates, each with its best scale (7.3 % of the deviates' RMS; 8.1 % at equal distances).
constexpr int8_t levels[16] = {-127, -100, -79, -62, -47, -34, -21, -9, 2, 13, 25, 36, 50, 65, 83, 107};

constexpr int64_t rounded_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }
constexpr int64_t groups_of(int64_t columns) { return (columns + group_columns - 1) / group_columns; }

struct TileLayout {
  int64_t groups, group_bytes;
  constexpr TileLayout(WeightFormat format, int64_t columns)
      : groups(groups_of(columns)),
        group_bytes(tile_rows * group_columns / (format == WeightFormat::q4 ? 2 : 1)) {}
  /// Where the scales of group g begin, and where its numbers.
  constexpr int64_t scales(int64_t g) const { return g / 2 * (64 + 2 * group_bytes) + g % 2 * tile_rows * 2; }
  constexpr int64_t numbers(int64_t g) const { return (g / 2 + 1) * 64 + g * group_bytes; }
  constexpr int64_t bytes() const { return (groups + 1) / 2 * 64 + groups * group_bytes; }
};

struct PreparedLayout {
  int64_t groups;
  explicit constexpr PreparedLayout(int64_t columns) : groups(groups_of(columns)) {}
  constexpr int64_t scales() const { return groups * group_columns; }
  constexpr int64_t offsets() const { return scales() + groups * 4; }
  constexpr int64_t bytes() const { return rounded_up(offsets() + groups * 4, 64); }
};

/// Elements of a prepared column of floats.
constexpr int64_t prepared_step(WeightFormat format, int64_t columns) {
  return rounded_up(columns, format == WeightFormat::f32 ? 16 : 32);
}

inline float widened(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}
/// To the nearest, ties to even; a NaN stays one.
inline uint16_t narrowed(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace mohawk
