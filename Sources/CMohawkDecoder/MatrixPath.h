// The products for one kind of processor.
#pragma once
#include "Matrix.h"

namespace mohawk {

struct MatrixPath {
  void (*prepare)(WeightFormat, const float *x, int64_t columns, int64_t count, void *prepared);
  void (*multiply)(const WeightMatrix &, const void *prepared, int64_t count, float *y, int64_t stride, int64_t begin,
                   int64_t end);
};

extern const MatrixPath matrix_portable;
#if defined(__x86_64__)
extern const MatrixPath matrix_avx2, matrix_avx512;
#endif

}  // namespace mohawk
