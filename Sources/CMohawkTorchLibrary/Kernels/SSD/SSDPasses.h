// The passes of structured state-space duality over all heads of a batch, on tensors that fit each other.
#pragma once
#include "SSDTensors.h"

namespace mohawk {

struct SSDResults {
  at::Tensor y, last;
};

/// Of the operands; those that are undefined have none. b and c lie side by side.
struct SSDGradients {
  at::Tensor x, b, c, logDecay, skip, state;
  at::Tensor xTaps, bcTaps;  // [width + 1, channels], the last row the bias's
};

/// Leaves in `operands` the states before the chunks when they are to be kept for a backward pass.
SSDResults ssd_forward(SSDOperands &operands, bool keep);
/// From the gradients by y and by the last state, either undefined for zeros.
SSDGradients ssd_backward(const SSDOperands &operands, const at::Tensor &y, const at::Tensor &last);

}  // namespace mohawk
