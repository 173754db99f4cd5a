// For x86 processors with AVX2 and fused multiply-add.
#if defined(__x86_64__)
#include "MatrixLayout.h"
#include "MatrixPath.h"
#include "Simd/TargetAVX2.h"

#define INLINE inline __attribute__((always_inline))

namespace mohawk {
namespace {

#include "MatrixPrepare.h"
#include "MatrixRowsAVX2.h"
#include "MatrixTilesAVX2.h"

void multiply_here(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride, int64_t begin,
              int64_t end) {
  switch (matrix.format) {
    case WeightFormat::f32: return multiply_rows<float>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::bf16: return multiply_rows<uint16_t>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::q8:
      return multiply_tiles<WeightFormat::q8>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::q4: multiply_tiles<WeightFormat::q4>(matrix, prepared, count, y, stride, begin, end);
  }
}

}  // namespace

const MatrixPath matrix_avx2 = {prepare_here, multiply_here};

}  // namespace mohawk

#include "Simd/TargetEnd.h"
#endif
