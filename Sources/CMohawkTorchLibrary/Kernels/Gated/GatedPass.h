// Numbers through the activation and its gradient. Compiled per target.
#include "Simd/Lanes.h"

// Where x is as large as this, the sigmoid is 0 or 1 anyway; the bound keeps 0 · ∞ away. A NaN stays one.
template <typename L>
INLINE L bounded(L x) {
  return larger(L::of(-1e3), smaller(L::of(1e3), x));
}

// sigmoid(x(a + bx²)), and the gradient of what stands in it.
template <typename L>
struct Gate {
  L open, gradient;
};
template <typename L>
INLINE Gate<L> gate(L x, L a, L b) {
  const L near = bounded(x), square = near * near;
  return {logistic(near * multiplyAdd(b, square, a)), multiplyAdd(b * L::of(3), square, a)};
}

template <typename L, typename T>
void gatedForward(const GatedPass &pass, int64_t from, int64_t to) {
  const T *const x = static_cast<const T *>(pass.x), *const factor = static_cast<const T *>(pass.factor);
  T *const out = static_cast<T *>(pass.out);
  const L a = L::of(pass.a), b = L::of(pass.b);
  for (int64_t i = from; i < to; i += L::count) {
    const L in = some<L>(x + i, to - i);
    L y = in * gate(in, a, b).open;
    if (factor != nullptr) y = y * some<L>(factor + i, to - i);
    keep(y, out + i, to - i);
  }
}

// The gradients, where `value` is not null also the result anew. The gradient for x may lie where that of the result does.
template <typename L, typename T>
void gatedBackward(const GatedPass &pass, int64_t from, int64_t to) {
  const T *const x = static_cast<const T *>(pass.x), *const factor = static_cast<const T *>(pass.factor);
  const T *const gradient = static_cast<const T *>(pass.gradient);
  T *const xGradient = static_cast<T *>(pass.out), *const factorGradient = static_cast<T *>(pass.factorOut);
  T *const value = static_cast<T *>(pass.value);
  const L a = L::of(pass.a), b = L::of(pass.b), one = L::of(1);
  for (int64_t i = from; i < to; i += L::count) {
    const L in = some<L>(x + i, to - i);
    L g = some<L>(gradient + i, to - i);
    const Gate<L> at = gate(in, a, b);
    L y = in * at.open;
    if (factor != nullptr) {
      const L times = some<L>(factor + i, to - i);
      keep(g * y, factorGradient + i, to - i);
      g = g * times;
      y = y * times;
    }
    if (value != nullptr) keep(y, value + i, to - i);
    keep(g * at.open * multiplyAdd(bounded(in) * (one - at.open), at.gradient, one), xGradient + i, to - i);
  }
}
