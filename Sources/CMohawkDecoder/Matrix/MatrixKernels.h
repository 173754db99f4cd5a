// Activations as the products read them, and the products. Compiled per target.

#include "MatrixPrepare.h"
#if MOHAWK_VECTOR_BYTES == 64
#include "MatrixRowsAVX512.h"
#include "MatrixTilesAVX512.h"
#elif MOHAWK_VECTOR_BYTES == 32
#include "MatrixRowsAVX2.h"
#include "MatrixTilesAVX2.h"
#else
#include "MatrixPortable.h"
#endif

static void multiply_here(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride,
                          int64_t begin, int64_t end) {
  switch (matrix.format) {
    case WeightFormat::f32: return multiply_rows<float>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::bf16: return multiply_rows<uint16_t>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::q8:
      return multiply_tiles<WeightFormat::q8>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::q4: multiply_tiles<WeightFormat::q4>(matrix, prepared, count, y, stride, begin, end);
  }
}
