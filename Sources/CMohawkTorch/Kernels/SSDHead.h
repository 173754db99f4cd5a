// What the SSD kernels of every path are told of one sequence and head.
#pragma once
#include "Rows.h"

namespace mohawk {

/// E: type of the operands; T: type of arithmetic, decays and states.
template <typename E, typename T>
struct SSDHead {
  int64_t length, headDim, stateDim, chunk;
  Rows<const E> x, b, c;
  Rows<const T> logDecay;
  const T *skip = nullptr;     // one number, null for none
  const T *initial = nullptr;  // [headDim, stateDim], null for zeros
  T *entering = nullptr;       // the state before every chunk, [chunks, headDim, stateDim]; forward may have none
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

struct SSDKernels {
  void (*forwardFloat)(const SSDForwardHead<float, float> &);
  void (*forwardBFloat16)(const SSDForwardHead<BFloat16, float> &);
  void (*forwardDouble)(const SSDForwardHead<double, double> &);
  void (*backwardFloat)(const SSDBackwardHead<float, float> &);
  void (*backwardBFloat16)(const SSDBackwardHead<BFloat16, float> &);
  void (*backwardDouble)(const SSDBackwardHead<double, double> &);
};

}  // namespace mohawk
