// Activations of MohawkGated.h outside of a graph.
#pragma once
#include <ATen/ATen.h>

#include <utility>

namespace mohawk {

/// Whether the kernels take `x` and, when it is defined, `factor`.
bool can_gate(const at::Tensor &x, const at::Tensor &factor);
/// activation(x) · factor, where `factor` may be undefined.
at::Tensor gated(const at::Tensor &x, const at::Tensor &factor, int64_t activation);
/// Its gradients for x and factor from the one of the result.
std::pair<at::Tensor, at::Tensor> gated_gradients(const at::Tensor &x, const at::Tensor &factor, const at::Tensor &slope,
                                                  int64_t activation);

}  // namespace mohawk
