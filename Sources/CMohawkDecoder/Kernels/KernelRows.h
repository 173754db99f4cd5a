// Norms, activations and convolutions of rows. Compiled per target.

#include "Simd/Lanes.h"

#include "KernelFunctions.h"

template <typename L>
void normalise(const float *x, const mhk_normalisation &norm, int64_t width, int64_t groups, float *y) {
  const int64_t part = width / groups;
  for (int64_t first = 0; first < width; first += part) {
    const float *in = x + first;
    L sums = L::of(0);
    float mean = 0;
    if (norm.bias != nullptr) {
      for (int64_t i = 0; i < part; i += L::count) sums = sums + some<L>(in + i, part - i);
      mean = sums.sum() / static_cast<float>(part);
    }
    L squares = L::of(0);
    for (int64_t i = 0; i < part; i += L::count) {
      const L centred = (some<L>(in + i, part - i) - L::of(mean)).kept(part - i < L::count ? part - i : L::count, 0);
      squares = multiplyAdd(centred, centred, squares);
    }
    const float scale = 1 / std::sqrt(squares.sum() / static_cast<float>(part) + norm.epsilon);
    for (int64_t i = 0; i < part; i += L::count) {
      const int64_t left = part - i;
      L out = (some<L>(in + i, left) - L::of(mean)) * L::of(scale) * some<L>(norm.weight + first + i, left);
      if (norm.bias != nullptr) out = out + some<L>(norm.bias + first + i, left);
      keep(out, y + first + i, left);
    }
  }
}

template <typename L>
void convolve(const TapsTask &task) {
  const mhk_taps &taps = *task.taps;
  const int64_t before = taps.width - 1;
  // Token t of the input, counted from the first new one; those before are the past.
  auto input = [&](int64_t t) {
    return t < 0 ? task.past + (before + t) * taps.channels : task.raw + t * task.step;
  };
  if (task.filtered != nullptr) {
    for (int64_t t = 0; t < task.count; t++) {
      float *const out = task.filtered + t * task.step;
      for (int64_t i = task.begin; i < task.end; i += L::count) {
        const int64_t left = task.end - i;
        L sum = taps.bias != nullptr ? some<L>(taps.bias + i, left) : L::of(0);
        for (int64_t tap = 0; tap < taps.width; tap++)
          sum = multiplyAdd(
              some<L>(taps.taps + tap * taps.channels + i, left), some<L>(input(t - before + tap) + i, left), sum);
        keep(taps.silu ? sum * sigmoid(sum) : sum, out + i, left);
      }
    }
  }
  if (!task.keeps) return;
  const size_t bytes = static_cast<size_t>(task.end - task.begin) * sizeof(float);
  for (int64_t row = 0; row < before; row++)
    std::memmove(task.past + row * taps.channels + task.begin, input(task.count - before + row) + task.begin, bytes);
}

template <typename L>
void activate(int32_t activation, const float *x, const float *factor, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += L::count) {
    L out = activated(activation, some<L>(x + i, count - i));
    if (factor != nullptr) out = out * some<L>(factor + i, count - i);
    keep(out, y + i, count - i);
  }
}

template <typename L>
void boundedSoftplus(float *y, const float *bias, float least, float largest, int64_t count) {
  for (int64_t i = 0; i < count; i += L::count) {
    L x = some<L>(y + i, count - i);
    if (bias != nullptr) x = x + some<L>(bias + i, count - i);
    keep(smaller(larger(softplus(x), L::of(least)), L::of(largest)), y + i, count - i);
  }
}

template <typename L>
void decay(const float *steps, const float *rates, float *decays, int64_t count) {
  for (int64_t i = 0; i < count; i += L::count) {
    const L step = some<L>(steps + i, count - i);
    const L out = rates != nullptr ? exponential(step * some<L>(rates + i, count - i)) : sigmoid(L::of(0) - step);
    keep(out, decays + i, count - i);
  }
}

template <typename L>
void softCap(float *y, float cap, int64_t count) {
  for (int64_t i = 0; i < count; i += L::count) {
    const L x = some<L>(y + i, count - i) * L::of(2 / cap);
    keep((L::of(2) * sigmoid(x) - L::of(1)) * L::of(cap), y + i, count - i);
  }
}

template <typename L>
void addScaled(const float *x, const float *bias, float scale, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += L::count) {
    L added = some<L>(x + i, count - i);
    if (bias != nullptr) added = added + some<L>(bias + i, count - i);
    keep(multiplyAdd(added, L::of(scale), some<L>(y + i, count - i)), y + i, count - i);
  }
}

#include "KernelStates.h"
#include "KernelReads.h"
#include "KernelAttention.h"
