#include "Matrix.h"

#include "MatrixLayout.h"

#define KERNEL "Matrix/MatrixKernels.h"
#include "Simd/EveryTarget.h"

namespace mohawk {

int64_t prepared_bytes(WeightFormat format, int64_t columns, int64_t count) {
  switch (format) {
    case WeightFormat::f32: return count * prepared_step(format, columns) * 4;
    case WeightFormat::bf16: return count * prepared_step(format, columns) * 2;
    default: return count * PreparedLayout(columns).bytes();
  }
}

void prepare(WeightFormat format, const float *x, int64_t columns, int64_t count, void *prepared) {
  PICK(prepare_here)(format, x, columns, count, prepared);
}

void multiply(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride, int64_t begin,
              int64_t end) {
  PICK(multiply_here)(matrix, prepared, count, y, stride, begin, end);
}

int64_t row_step(WeightFormat format) {
  return format == WeightFormat::q8 || format == WeightFormat::q4 ? tile_rows : 1;
}

int64_t packed_bytes(WeightFormat format, int64_t rows, int64_t columns) {
  switch (format) {
    case WeightFormat::f32: return rows * columns * 4;
    case WeightFormat::bf16: return rows * columns * 2;
    default: return (rows + tile_rows - 1) / tile_rows * TileLayout(format, columns).bytes();
  }
}

}  // namespace mohawk
