// One head's part of stage 1, by plain pointers: what the kernels of each kind of processor are called with.
#pragma once
#include "Rows.h"

namespace mohawk {

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
