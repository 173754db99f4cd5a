// The causal depth-wise convolution on tensors.
#pragma once
#include <ATen/ATen.h>

#include <optional>

namespace mohawk {

/// Of x [batch, length, channels] with weight [channels, 1, width], bias [channels] and the inputs before the first
/// [batch, width - 1, channels], differentiable; in the type of x.
at::Tensor convolution(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const std::optional<at::Tensor> &past, bool silu);

}  // namespace mohawk
