// Matrices from plain rows.
#include <algorithm>
#include <vector>

#include "ThreadPool.h"
#include "MatrixLayout.h"
#include "MatrixRounding.h"

namespace mohawk {
namespace {

void put(WeightFormat format, const PackedGroup &group, const TileLayout &tile, int64_t g, int64_t row, uint8_t *out) {
  std::memcpy(out + tile.scales(g) + row * 2, &group.scale, 2);
  uint8_t *const numbers = out + tile.numbers(g) + row * 4;
  for (int64_t k = 0; k < group_columns; k++) {
    if (format == WeightFormat::q8) {
      numbers[k / 4 * 64 + k % 4] = group.numbers[k];
    } else if (k % 8 < 4) {
      numbers[k / 8 * 64 + k % 4] = static_cast<uint8_t>(group.numbers[k] | group.numbers[k + 4] << 4);
    }
  }
}

void pack_tile(WeightFormat format, const WeightMatrix &source, const float *importance, int64_t row, uint8_t *out) {
  const TileLayout tile(format, source.columns);
  std::memset(out, 0, static_cast<size_t>(tile.bytes()));
  std::vector<float> weights(static_cast<size_t>(tile.groups * group_columns));
  std::vector<float> counts(importance == nullptr ? 0 : weights.size());
  if (importance != nullptr) std::copy(importance, importance + source.columns, counts.begin());
  for (int64_t i = 0; i < tile_rows; i++) {
    std::fill(weights.begin(), weights.end(), 0.0f);
    if (row + i < source.rows) unpack(source, row + i, row + i + 1, weights.data());
    for (int64_t g = 0; g < tile.groups; g++) {
      const float *const own = importance == nullptr ? nullptr : counts.data() + g * group_columns;
      put(format, rounded(format, weights.data() + g * group_columns, own), tile, g, i, out);
    }
  }
}

}  // namespace

void pack(WeightFormat format, const WeightMatrix &source, const float *importance, void *out) {
  if (format == WeightFormat::f32) return unpack(source, 0, source.rows, static_cast<float *>(out));
  if (format == WeightFormat::bf16) return unpack(source, 0, source.rows, static_cast<uint16_t *>(out));
  const int64_t bytes = TileLayout(format, source.columns).bytes();
  in_parallel((source.rows + tile_rows - 1) / tile_rows, [&](int64_t tile) {
    pack_tile(format, source, importance, tile * tile_rows, static_cast<uint8_t *>(out) + tile * bytes);
  });
}

}  // namespace mohawk
