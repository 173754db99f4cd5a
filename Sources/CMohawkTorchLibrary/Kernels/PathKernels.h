// The kernels for one kind of processor, in the namespace MOHAWK_PATH. What stands before is a Target header.

namespace mohawk {
namespace MOHAWK_PATH {

/// Numbers below the normal ones count as 0 while this lives: they matter to nobody and cost much.
struct FlushTinyNumbers {
#if defined(__x86_64__)
  unsigned before = __builtin_ia32_stmxcsr();
  FlushTinyNumbers() { __builtin_ia32_ldmxcsr(before | 0x8040); }
  ~FlushTinyNumbers() { __builtin_ia32_ldmxcsr(before); }
#else
  FlushTinyNumbers() {}
  ~FlushTinyNumbers() {}
#endif
};

#include "PathVector.h"
#include "PathMemory.h"
#include "PathTranspose.h"
#include "SSDUnits.h"
#include "SSDProduct.h"
#include "SSDChunk.h"
#include "ConvolutionChannels.h"
#include "SSDStreams.h"
#include "SSDFiltered.h"
#include "SSDForward.h"
#include "SSDBackward.h"

template <typename E, typename T>
constexpr SSDKernelPair<E, T> ssdKernels() {
  return {forward<E, T>, backward<E, T>, static_cast<int64_t>(sizeof(Unit<E>)) / Units<E>::size};
}

static Path path() {
  return {
      {ssdKernels<float, float>(), ssdKernels<BFloat16, float>(), ssdKernels<double, double>()},
      {filter<float, float>, filter<BFloat16, float>, filter<double, double>, filterGradients<float, float>,
       filterGradients<BFloat16, float>, filterGradients<double, double>}};
}

}  // namespace MOHAWK_PATH
}  // namespace mohawk
