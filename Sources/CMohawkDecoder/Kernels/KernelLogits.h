// Passes over the logits of a vocabulary. Compiled per target.

#include "Simd/Lanes.h"

constexpr float lowest = -std::numeric_limits<float>::infinity();

template <typename L>
INLINE L logits(const float *p, int64_t left) {
  return left >= L::count ? L::load(p) : L::load(p, left, lowest);
}

template <typename L>
float largestOf(const float *x, int64_t count) {
  L top = L::of(lowest);
  for (int64_t i = 0; i < count; i += L::count) top = larger(top, logits<L>(x + i, count - i));
  return top.largest();
}

// Infinite and undefined numbers have an undefined difference from themselves, which every sum keeps.
template <typename L>
bool allFinite(const float *x, int64_t count) {
  L sum = L::of(0);
  for (int64_t i = 0; i < count; i += L::count) {
    const L own = some<L>(x + i, count - i);
    sum = sum + (own - own);
  }
  return sum.sum() == 0;
}

template <typename L>
void weigh(const float *x, int64_t count, float peak, float scale, float *sums) {
  for (; count > 0; x += MHK_LOGIT_BLOCK, count -= MHK_LOGIT_BLOCK) {
    L sum = L::of(0);
    for (int64_t i = 0; i < MHK_LOGIT_BLOCK && i < count; i += L::count)
      sum = sum + exponential((logits<L>(x + i, count - i) - L::of(peak)) * L::of(scale));
    *sums++ = sum.sum();
  }
}
