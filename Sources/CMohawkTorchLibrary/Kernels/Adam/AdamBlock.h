// One block of a parameter. Compiled per target.
#include "Simd/Lanes.h"

template <typename L>
void adamBlock(const AdamBlock &block, const AdamNumbers &numbers) {
  using T = typename L::Value;
  T *const value = static_cast<T *>(block.value), *const first = static_cast<T *>(block.first);
  T *const second = static_cast<T *>(block.second);
  const T *const gradient = static_cast<const T *>(block.gradient);
  const L scale = L::of(numbers.scale), kept = L::of(block.kept), epsilon = L::of(numbers.epsilon);
  const L toFirst = L::of(1 - numbers.beta1), beta2 = L::of(numbers.beta2), toSecond = L::of(1 - numbers.beta2);
  const L step = L::of(-numbers.step), root = L::of(numbers.root);
  const int64_t n = block.count;
  for (int64_t i = 0; i < n; i += L::count) {
    const int64_t left = n - i;
    const bool full = left >= L::count;
    const L g = scale * (full ? L::load(gradient + i) : L::load(gradient + i, left, 0));
    const L m0 = full ? L::load(first + i) : L::load(first + i, left, 0);
    const L v0 = full ? L::load(second + i) : L::load(second + i, left, 0);
    const L p0 = full ? L::load(value + i) : L::load(value + i, left, 0);
    const L m = multiplyAdd(toFirst, g - m0, m0);
    const L v = multiplyAdd(beta2, v0, toSecond * g * g);
    const L p = multiplyAdd(step, m / multiplyAdd(squareRoot(v), root, epsilon), p0 * kept);
    if (full) {
      m.store(first + i);
      v.store(second + i);
      p.store(value + i);
    } else {
      m.store(first + i, left);
      v.store(second + i, left);
      p.store(value + i, left);
    }
  }
}

// The sum of the squares of n numbers, in fp64.
template <typename L>
double sumOfSquares(const void *numbers, int64_t n) {
  const auto *const p = static_cast<const typename L::Value *>(numbers);
  auto even = squaresOf(L::of(0)), odd = squaresOf(L::of(0));
  int64_t i = 0;
  for (; i + 2 * L::count <= n; i += 2 * L::count) {
    even.add(L::load(p + i));
    odd.add(L::load(p + i + L::count));
  }
  for (; i < n; i += L::count) even.add(n - i >= L::count ? L::load(p + i) : L::load(p + i, n - i, 0));
  return even.total() + odd.total();
}
