// The kernels that are compiled once for every kind of processor, and the choice among them.
#pragma once
#include "ConvolutionRows.h"
#include "Processor.h"
#include "SSDHead.h"

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

/// The one for this processor.
inline Path path() {
#if defined(__x86_64__)
  switch (processor()) {
    case Processor::avx512: return path_avx512();
    case Processor::avx2: return path_avx2();
    case Processor::portable: break;
  }
#endif
  return path_portable();
}

}  // namespace mohawk
