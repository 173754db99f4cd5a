// Structured state-space duality of neighbouring heads, behind convolutions or without them. Compiled per target.

#include "ConvolutionKernels.h"
#include "SSDStreams.h"
#include "SSDFiltered.h"
#include "SSDForward.h"
#include "SSDBackward.h"

template <typename E, typename T>
SSDKernels<E, T> ssdKernels() {
  return {forward<E, T>, backward<E, T>, static_cast<int64_t>(sizeof(Unit<E>)) / Units<E>::size};
}
