// Sums and distances of neighbouring numbers. Compiled per target.
#include "Simd/Lanes.h"

template <typename L, typename S, typename T>
void addToStream(const StreamPass &pass, int64_t from, int64_t to) {
  const S *const stream = static_cast<const S *>(pass.stream);
  const T *const first = static_cast<const T *>(pass.first), *const second = static_cast<const T *>(pass.second);
  S *const out = static_cast<S *>(pass.out);
  for (int64_t i = from; i < to; i += L::count) {
    L sum = some<L>(stream + i, to - i) + some<L>(first + i, to - i);
    if (second != nullptr) sum = sum + some<L>(second + i, to - i);
    keep(sum, out + i, to - i);
  }
}

// ‖a − b‖₂ of rows, 0 where it is no more than b's rounding.
template <typename L, typename T>
void rowDistances(const DistancePass &pass, int64_t from, int64_t to) {
  for (int64_t r = from; r < to; r++) {
    const T *const a = static_cast<const T *>(pass.a) + r * pass.width, *const b = static_cast<const T *>(pass.b) + r * pass.width;
    L sum = L::of(0), size = L::of(0);
    for (int64_t i = 0; i < pass.width; i += L::count) {
      const L other = some<L>(b + i, pass.width - i), difference = some<L>(a + i, pass.width - i) - other;
      sum = multiplyAdd(difference, difference, sum);
      size = multiplyAdd(other, other, size);
    }
    const double distance = std::sqrt(static_cast<double>(sum.sum()));
    pass.distances[r] = distance > pass.rounding * std::sqrt(static_cast<double>(size.sum())) ? distance : 0;
  }
}

// (a − b) · factor / distance, 0 where that is 0.
template <typename L, typename T>
void distanceGradients(const DistancePass &pass, int64_t from, int64_t to) {
  for (int64_t r = from; r < to; r++) {
    const T *const a = static_cast<const T *>(pass.a) + r * pass.width, *const b = static_cast<const T *>(pass.b) + r * pass.width;
    T *const out = static_cast<T *>(pass.out) + r * pass.width;
    const L scale = L::of(pass.distances[r] > 0 ? pass.factor / pass.distances[r] : 0);
    for (int64_t i = 0; i < pass.width; i += L::count) {
      const int64_t left = pass.width - i;
      keep((some<L>(a + i, left) - some<L>(b + i, left)) * scale, out + i, left);
    }
  }
}
