// Structured state-space duality on tensors.
#pragma once
#include <ATen/ATen.h>

#include <optional>
#include <utility>

#include "SSDTensors.h"

namespace mohawk {

/// y [batch, length, heads, headDim] and the last state, differentiable. With filters, x, b and c are what goes into
/// these convolutions; their geometry must be one that the kernels know, and their pasts get no gradients.
std::pair<at::Tensor, at::Tensor> ssd(
    const at::Tensor &x, const at::Tensor &b, const at::Tensor &c, const at::Tensor &log_decay,
    const std::optional<at::Tensor> &skip, const std::optional<at::Tensor> &state, int64_t chunk,
    const SSDFilterTensors &x_filter = {}, const SSDFilterTensors &bc_filter = {});

}  // namespace mohawk
