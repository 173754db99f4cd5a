// Structured state-space duality of neighbouring heads, behind convolutions or without them. Compiled per target.

#include "Convolution/ConvolutionKernels.h"
#include "Simd/Units.h"
#include "Transpose.h"
#include "SSDUnits.h"
#include "SSDProduct.h"
#include "SSDChunk.h"
#include "SSDStreams.h"
#include "SSDFiltered.h"
#include "SSDForward.h"
#include "SSDBackward.h"

template <typename E, typename T>
SSDKernels<E, T> ssdKernels() {
  return {forward<E, T>, backward<E, T>, static_cast<int64_t>(sizeof(Unit<E>)) / Units<E>::size};
}
