// Rows from `from` to `to`; `row` has room for the numbers of one group. Compiled per target.
#include "Simd/Lanes.h"

template <typename L, typename In, typename Out>
void gatedNorm(const GatedNormPass &pass, int64_t from, int64_t to, float *row) {
  const int64_t part = pass.width / pass.groups;
  const L one = L::of(1);
  for (int64_t first = from * pass.width; first < to * pass.width; first += part) {
    const In *const x = static_cast<const In *>(pass.x) + first, *const gate = static_cast<const In *>(pass.gate) + first;
    const float *const weight = pass.weight + first % pass.width;
    Out *const out = static_cast<Out *>(pass.out) + first;
    L squares = L::of(0);
    for (int64_t i = 0; i < part; i += L::count) {
      const int64_t left = part - i;
      const L z = some<L>(gate + i, left), near = larger(L::of(-100), smaller(L::of(100), z));
      const L y = some<L>(x + i, left) * z / (one + exponential(L::of(0) - near));
      keep(y, row + i, left);
      squares = multiplyAdd(y, y, squares);
    }
    const double mean = static_cast<double>(squares.sum()) / static_cast<double>(part);
    const L scale = L::of(1 / std::sqrt(mean + pass.epsilon));
    for (int64_t i = 0; i < part; i += L::count) {
      const int64_t left = part - i;
      keep(some<L>(row + i, left) * scale * some<L>(weight + i, left), out + i, left);
    }
  }
}
