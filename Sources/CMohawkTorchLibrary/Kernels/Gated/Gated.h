// Activations of MohawkGated.h outside of a graph.
#pragma once
#include <ATen/ATen.h>

namespace mohawk {

/// Whether the kernels take `x` and, when it is defined, `factor`.
bool can_gate(const at::Tensor &x, const at::Tensor &factor);
/// activation(x) · factor, where `factor` may be undefined.
at::Tensor gated(const at::Tensor &x, const at::Tensor &factor, int64_t activation);

/// What comes back through an activation.
struct GatedGradients {
  at::Tensor x, factor;  // factor as the operand's: undefined for none
  at::Tensor value;      // activation(x) · factor, if asked for
};
/// From the gradient of the result, whose memory the one for x takes when `inPlace`.
GatedGradients gated_gradients(const at::Tensor &x, const at::Tensor &factor, const at::Tensor &gradient, int64_t activation,
                               bool inPlace, bool withValue);

}  // namespace mohawk
