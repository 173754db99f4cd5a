// What the convolution kernels are told of some channels of one sequence.
#pragma once
#include "Rows.h"

namespace mohawk {

/// E: type of the sequence; T: type of arithmetic, taps and earlier inputs.
template <typename E, typename T>
struct ConvolutionChannels {
  int64_t length, channels, width;
  bool silu;
  Rows<const E> x;
  Rows<const T> taps;     // one row per tap, the last meets the current token
  Rows<const T> past;     // width − 1 rows before the first; first is null for zeros
  const T *bias = nullptr;  // null for none
};

template <typename E, typename T>
struct ConvolutionForward : ConvolutionChannels<E, T> {
  Rows<E> y;
};

template <typename E, typename T>
struct ConvolutionBackward : ConvolutionChannels<E, T> {
  Rows<const E> yGradient;
  Rows<E> xGradient;
  Rows<T> tapGradients;   // the row after the last is the bias's
  Rows<T> pastGradient;   // first is null when nobody asks
};

}  // namespace mohawk
