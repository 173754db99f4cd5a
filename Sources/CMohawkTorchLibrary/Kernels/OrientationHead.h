// One head's part of stage 1, by plain pointers: what the kernels of each kind of processor are called with.
#pragma once
#include <cstdint>

#include "../WorkingMemory.h"

namespace mohawk {

struct BFloat16 {
  uint16_t bits;
};

/// Rows of numbers without gaps inside a row.
template <typename E>
struct Rows {
  E *first;
  int64_t stride;
  E *operator[](int64_t row) const { return first + row * stride; }
};

/// Every gradient is that of the head's norm times `share`; none is wanted where `bGradient` is null. Gradients by B and C
/// are in the type of B and C or, where several heads share them, in fp32.
template <typename E, typename G>
struct OrientationHead {
  int64_t length, teacherDim, stateDim;
  double scale, skip, share;
  Rows<const E> q, k;  // [length, teacherDim]
  Rows<const E> b, c;  // [length, stateDim]
  Rows<const double> logDecay;  // [length, 1]
  Rows<G> bGradient, cGradient;
  Rows<double> logDecayGradient;
  double *skipGradient;
  double *norm;
};

}  // namespace mohawk
