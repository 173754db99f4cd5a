// Structured state-space duality on tensors.
#pragma once
#include <ATen/ATen.h>

#include <optional>
#include <utility>

namespace mohawk {

/// y [batch, length, heads, headDim] and the last state, differentiable.
std::pair<at::Tensor, at::Tensor> ssd(
    const at::Tensor &x, const at::Tensor &b, const at::Tensor &c, const at::Tensor &log_decay,
    const std::optional<at::Tensor> &skip, const std::optional<at::Tensor> &state, int64_t chunk);

}  // namespace mohawk
