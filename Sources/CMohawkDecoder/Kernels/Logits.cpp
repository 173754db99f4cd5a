#include "MohawkLogits.h"

#define KERNEL "Kernels/KernelLogits.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {

template <typename = void>
struct Chosen {
  static bool finite(const float *x, int64_t count) { return PICK_LANES(allFinite)(x, count); }
  static float largest(const float *x, int64_t count) { return PICK_LANES(largestOf)(x, count); }
  static void sums(const float *x, int64_t count, float peak, float scale, float *to) {
    PICK_LANES(weigh)(x, count, peak, scale, to);
  }
};

}  // namespace
}  // namespace mohawk

extern "C" {

bool mhk_logits_finite(const float *logits, int64_t count) { return mohawk::Chosen<>::finite(logits, count); }
float mhk_logits_largest(const float *logits, int64_t count) { return mohawk::Chosen<>::largest(logits, count); }
void mhk_logits_sums(const float *logits, int64_t count, float peak, float scale, float *sums) {
  mohawk::Chosen<>::sums(logits, count, peak, scale, sums);
}

int64_t mhk_logits_above(const float *logits, int64_t count, float bound, int32_t *numbers) {
  int64_t found = 0;
  for (int64_t i = 0; i < count; i++) {
    numbers[found] = static_cast<int32_t>(i);
    found += logits[i] >= bound;
  }
  return found;
}

}  // extern "C"
