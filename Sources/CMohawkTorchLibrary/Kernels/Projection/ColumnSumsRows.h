// Sums down the columns of a matrix. Compiled per target.
#include "Simd/Lanes.h"

// Of rows of `width` numbers, the columns [from, to). Rows are summed in blocks, whose sums are added, so that long
// columns lose few digits.
template <typename L, typename T>
void columnSums(const ColumnSumsPass &pass, int64_t from, int64_t to) {
  constexpr int64_t block = 64;
  constexpr int vectors = 4;
  const T *const matrix = static_cast<const T *>(pass.matrix);
  for (int64_t j = from; j < to; j += vectors * L::count) {
    const int64_t left = std::min<int64_t>(to - j, vectors * L::count);
    L total[vectors];
    for (int v = 0; v < vectors; v++) total[v] = L::of(0);
    for (int64_t first = 0; first < pass.rows; first += block) {
      const int64_t end = std::min(first + block, pass.rows);
      L sum[vectors];
      for (int v = 0; v < vectors; v++) sum[v] = L::of(0);
      if (left == vectors * L::count) {
        for (int64_t i = first; i < end; i++)
          for (int v = 0; v < vectors; v++) sum[v] = sum[v] + L::load(matrix + i * pass.width + j + v * L::count);
      } else {
        for (int64_t i = first; i < end; i++)
          for (int v = 0; v * L::count < left; v++)
            sum[v] = sum[v] + some<L>(matrix + i * pass.width + j + v * L::count, left - v * L::count);
      }
      for (int v = 0; v < vectors; v++) total[v] = total[v] + sum[v];
    }
    for (int v = 0; v * L::count < left; v++) keep(total[v], pass.sums + j + v * L::count, left - v * L::count);
  }
}
