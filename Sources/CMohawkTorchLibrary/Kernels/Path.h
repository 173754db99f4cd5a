// The kernels that are compiled once for every kind of processor, and the choice among them.
#pragma once
#include "ConvolutionRows.h"
#include "MohawkInstructions.h"
#include "SSDHead.h"
#include "../WorkingMemory.h"

namespace mohawk {

struct Path {
  SSDKernels ssd;
  ConvolutionKernels convolution;
};

Path path_portable();
#if defined(__x86_64__)
Path path_avx2();
Path path_avx512();
#endif

/// The one in use on this thread.
inline Path path() {
#if defined(__x86_64__)
  if (mhk_instructions() == MHK_AVX512) return path_avx512();
  if (mhk_instructions() == MHK_AVX2) return path_avx2();
#endif
  return path_portable();
}

}  // namespace mohawk
