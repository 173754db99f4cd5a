#include "Kernels.h"

#define KERNEL "KernelRows.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {
template <typename = void>
Kernels chosen() {
  return {PICK(normalise), PICK(convolve), PICK(activate), PICK(boundedSoftplus), PICK(decay),
          PICK(head),      PICK(scanStep), PICK(attend, float), PICK(attend, BrainFloat), PICK(softCap),
          PICK(addScaled)};
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
