// For x86 processors with AVX-512 and its dot products of bf16 and of bytes.
#if defined(__x86_64__)
#include "MatrixLayout.h"
#include "MatrixPath.h"
#include "Simd/TargetAVX512.h"

namespace mohawk {
namespace {

#define INLINE inline __attribute__((always_inline))

// Calls run(first, number) for blocks of 8, 4, 2 and 1 columns.
template <typename Run>
static INLINE void in_blocks(int64_t count, const Run &run) {
  int64_t first = 0;
  for (; first + 8 <= count; first += 8) run(first, std::integral_constant<int, 8>());
  if (count & 4) run(first, std::integral_constant<int, 4>());
  first += count & 4;
  if (count & 2) run(first, std::integral_constant<int, 2>());
  first += count & 2;
  if (count & 1) run(first, std::integral_constant<int, 1>());
}

#include "MatrixPrepare.h"
#include "MatrixRowsAVX512.h"
#include "MatrixTilesAVX512.h"

void multiply_here(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride, int64_t begin,
              int64_t end) {
  switch (matrix.format) {
    case WeightFormat::f32: return multiply_rows<RowsF32>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::bf16: return multiply_rows<RowsBF16>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::q8:
      return multiply_tiles<WeightFormat::q8>(matrix, prepared, count, y, stride, begin, end);
    case WeightFormat::q4: multiply_tiles<WeightFormat::q4>(matrix, prepared, count, y, stride, begin, end);
  }
}

}  // namespace

const MatrixPath matrix_avx512 = {prepare_here, multiply_here};

}  // namespace mohawk

#include "Simd/TargetEnd.h"
#endif
