// What the SSD kernels are told of one sequence and head.
#pragma once
#include "Convolution/ConvolutionRows.h"

namespace mohawk {

/// E: type of the operands; T: type of arithmetic, decays and states.
template <typename E, typename T>
struct SSDHead {
  int64_t length, headDim, stateDim, chunk;
  Rows<const E> x, b, c;
  Rows<const T> logDecay;
  const T *skip = nullptr;     // one number, null for none
  const T *initial = nullptr;  // [headDim, stateDim], null for zeros
  char *entering = nullptr;    // the state before every chunk as backward reads it; forward may have none
};

template <typename E, typename T>
struct SSDForwardHead : SSDHead<E, T> {
  Rows<E> y;
  T *last;
};

/// Gradients of b and c are written as E, or added to sums over the heads that share them.
template <typename E, typename T>
struct SSDBackwardHead : SSDHead<E, T> {
  Rows<const E> yGradient;          // first is null for zeros
  const T *lastGradient = nullptr;  // null for zeros
  Rows<E> xGradient, bGradient, cGradient;
  Rows<T> bSum, cSum;
  Rows<T> logDecayGradient;
  T *skipGradient = nullptr;
  T *initialGradient = nullptr;
};

/// The convolution that one of x, b and c of neighbouring heads passes before; their channels lie side by side.
template <typename E, typename T>
struct SSDFilter {
  ConvolutionChannels<E, T> from;
  Rows<E> gradient;      // of backward: by what goes into the convolution
  Rows<T> tapGradients;  // the row after the last is the bias's
};

template <typename E, typename T>
struct SSDFilters {
  SSDFilter<E, T> x, b, c;
};

/// Kernels take neighbouring heads of one sequence together, so that what they read of a token lies together.
template <typename E, typename T>
struct SSDKernels {
  // Without filters (null) the heads say where x, b and c are.
  void (*forward)(const SSDForwardHead<E, T> *, int64_t heads, const SSDFilters<E, T> *);
  void (*backward)(const SSDBackwardHead<E, T> *, int64_t heads, const SSDFilters<E, T> *);
  int64_t stateBytes;  // of a number of an entering state
};

/// Convolutions before the operation have as many taps, and widths of heads are multiples of this then.
constexpr int64_t ssdFilterTaps = 4, ssdFilterLanes = 16;

}  // namespace mohawk
