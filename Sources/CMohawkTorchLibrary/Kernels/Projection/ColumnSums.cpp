#include "ColumnSums.h"

#include <algorithm>

#include "Tasks.h"

namespace mohawk {
namespace {
struct ColumnSumsPass {
  const void *matrix;
  float *sums;
  int64_t rows, width;
};
}  // namespace
}  // namespace mohawk

#define KERNEL "Projection/ColumnSumsRows.h"
#include "Simd/EveryTarget.h"

at::Tensor mohawk::column_sums(const at::Tensor &matrix, at::ScalarType type) {
  if (matrix.scalar_type() != at::kBFloat16 || type != at::kFloat) return matrix.sum({0}, false, type);
  auto sums = at::empty({matrix.size(1)}, matrix.options().dtype(at::kFloat));
  const ColumnSumsPass pass{matrix.const_data_ptr(), sums.data_ptr<float>(), matrix.size(0), matrix.size(1)};
  const auto run = PICK_LANES(columnSums, c10::BFloat16);
  constexpr int64_t piece = 128;
  in_parallel((pass.width + piece - 1) / piece, [&](int64_t index) {
    run(pass, index * piece, std::min((index + 1) * piece, pass.width));
  });
  return sums;
}
