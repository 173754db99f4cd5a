// Causal attention forward of one head, by plain pointers.
#pragma once
#include "Orientation/OrientationHead.h"

namespace mohawk {

/// out = softmax(scale · q kᵀ) v, causal, without its gradient.
struct AttentionHead {
  int64_t length, width;
  double scale;
  Rows<const BFloat16> q, k, v;  // [length, width]
  Rows<BFloat16> out;
};

}  // namespace mohawk
