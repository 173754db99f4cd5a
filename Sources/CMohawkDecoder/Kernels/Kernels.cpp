#include "Kernels.h"

#define KERNEL "Kernels/KernelRows.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {
template <typename = void>
Kernels chosen() {
  return {PICK_LANES(normalise), PICK_LANES(convolve), PICK_LANES(activate), PICK_LANES(boundedSoftplus), PICK_LANES(decay),
          PICK_LANES(head),      PICK_LANES(scanStep), PICK_LANES(attend, float), PICK_LANES(attend, BrainFloat), PICK_LANES(softCap),
          PICK_LANES(addScaled)};
}
}  // namespace

const Kernels &kernels() {
  static thread_local int32_t known = -1;
  static thread_local Kernels table;
  if (known != mhk_instructions()) {
    known = mhk_instructions();
    table = chosen();
  }
  return table;
}

}  // namespace mohawk
