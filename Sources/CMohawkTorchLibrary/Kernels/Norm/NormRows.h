// Rows to be normalised, and their gradients. Compiled per target.
#include "Simd/Lanes.h"

// Mean and 1 / √(variance + epsilon) of one row; without a mean when it is not centred.
template <typename L, typename In>
INLINE void moments(const NormPass &pass, const In *row, typename L::Value &mean, typename L::Value &scale) {
  const int64_t n = pass.width;
  const double share = 1 / static_cast<double>(n);
  mean = 0;
  if (pass.centred) {
    L sum = L::of(0);
    for (int64_t i = 0; i < n; i += L::count) sum = sum + some<L>(row + i, n - i);
    mean = static_cast<typename L::Value>(static_cast<double>(sum.sum()) * share);
  }
  const L middle = L::of(mean);
  L squares = L::of(0);
  for (int64_t i = 0; i < n; i += L::count) {
    const int64_t left = n - i;
    const L x = (left >= L::count ? L::load(row + i) : L::load(row + i, left, mean)) - middle;
    squares = multiplyAdd(x, x, squares);
  }
  scale = static_cast<typename L::Value>(1 / std::sqrt(static_cast<double>(squares.sum()) * share + pass.epsilon));
}

template <typename L, typename In, typename Out>
void normForward(const NormPass &pass, int64_t from, int64_t to) {
  using Value = typename L::Value;
  const Value *const weight = static_cast<const Value *>(pass.weight), *const bias = static_cast<const Value *>(pass.bias);
  const int64_t n = pass.width;
  for (int64_t r = from; r < to; r++) {
    const In *const row = static_cast<const In *>(pass.x) + r * n;
    Out *const out = static_cast<Out *>(pass.out) + r * n;
    Value mean, scale;
    moments<L>(pass, row, mean, scale);
    const L middle = L::of(mean), unit = L::of(scale);
    for (int64_t i = 0; i < n; i += L::count) {
      const int64_t left = n - i;
      L y = (some<L>(row + i, left) - middle) * unit * some<L>(weight + i, left);
      if (bias != nullptr) y = y + some<L>(bias + i, left);
      keep(y, out + i, left);
    }
  }
}

// Gradients of rows; those of weight and bias are added to `sums`, [2, width].
template <typename L, typename In, typename Out>
void normBackward(const NormPass &pass, int64_t from, int64_t to, void *sums) {
  using Value = typename L::Value;
  const Value *const weight = static_cast<const Value *>(pass.weight);
  Value *const weightSum = static_cast<Value *>(sums);
  const int64_t n = pass.width;
  const double share = 1 / static_cast<double>(n);
  for (int64_t r = from; r < to; r++) {
    const In *const row = static_cast<const In *>(pass.x) + r * n;
    const Out *const gradient = static_cast<const Out *>(pass.gradient) + r * n;
    Value mean, scale;
    moments<L>(pass, row, mean, scale);
    const L middle = L::of(mean), unit = L::of(scale);
    L sum = L::of(0), product = L::of(0);
    for (int64_t i = 0; i < n; i += L::count) {
      const int64_t left = n - i;
      const L x = (some<L>(row + i, left) - middle) * unit, g = some<L>(gradient + i, left);
      const L weighted = g * some<L>(weight + i, left);
      sum = sum + weighted;
      product = multiplyAdd(weighted, x, product);
      if (weightSum == nullptr) continue;
      keep(multiplyAdd(g, x, some<L>(weightSum + i, left)), weightSum + i, left);
      keep(g + some<L>(weightSum + n + i, left), weightSum + n + i, left);
    }
    if (pass.out == nullptr) continue;
    In *const out = static_cast<In *>(pass.out) + r * n;
    const L level = L::of(pass.centred ? static_cast<double>(sum.sum()) * share : 0);
    const L tilt = L::of(static_cast<double>(product.sum()) * share);
    for (int64_t i = 0; i < n; i += L::count) {
      const int64_t left = n - i;
      const L x = (some<L>(row + i, left) - middle) * unit;
      const L weighted = some<L>(gradient + i, left) * some<L>(weight + i, left);
      keep((weighted - level - x * tilt) * unit, out + i, left);
    }
  }
}
