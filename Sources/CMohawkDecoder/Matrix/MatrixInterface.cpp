#include <vector>

#include "MatrixLayout.h"
#include "MohawkWeightMatrix.h"

using namespace mohawk;

static WeightMatrix matrix(mhk_matrix m) {
  return {static_cast<WeightFormat>(m.format), m.rows, m.columns, m.data};
}

extern "C" {

int64_t mhk_matrix_bytes(int32_t format, int64_t rows, int64_t columns) {
  return packed_bytes(static_cast<WeightFormat>(format), rows, columns);
}

void mhk_matrix_pack(mhk_matrix source, int32_t format, const float *importance, void *out) {
  pack(static_cast<WeightFormat>(format), matrix(source), importance, out);
}

void mhk_matrix_unpack(mhk_matrix m, int64_t begin, int64_t end, float *out) { unpack(matrix(m), begin, end, out); }

void mhk_matrix_multiply(mhk_matrix m, const float *x, int64_t count, float *y) {
  const auto own = matrix(m);
  std::vector<uint8_t> prepared(static_cast<size_t>(prepared_bytes(own.format, own.columns, count)));
  prepare(own.format, x, own.columns, count, prepared.data());
  multiply(own, prepared.data(), count, y, own.rows, 0, own.rows);
}

void mhk_matrix_rounded(int32_t format, const float *x, int64_t columns, int64_t count, float *out) {
  const auto own = static_cast<WeightFormat>(format);
  const int64_t step = prepared_bytes(own, columns, 1);
  std::vector<uint8_t> prepared(static_cast<size_t>(count * step));
  prepare(own, x, columns, count, prepared.data());
  const PreparedLayout layout(columns);
  for (int64_t i = 0; i < count * columns; i++) {
    const uint8_t *const column = prepared.data() + i / columns * step;
    const int64_t k = i % columns;
    if (own == WeightFormat::f32) {
      std::memcpy(out + i, column + k * 4, 4);
    } else if (own == WeightFormat::bf16) {
      uint16_t bits;
      std::memcpy(&bits, column + k * 2, 2);
      out[i] = widened(bits);
    } else {
      float scale;
      std::memcpy(&scale, column + layout.scales() + k / group_columns * 4, 4);
      out[i] = static_cast<float>(static_cast<int8_t>(column[k])) * scale;
    }
  }
}

}  // extern "C"
