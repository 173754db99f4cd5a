// The outputs of norms, made anew when a backward pass needs them.
#pragma once
#include <torch/csrc/autograd/function.h>

#include <type_traits>

namespace mohawk {

/// Shares a node of a graph.
using NodeHandle = std::decay_t<decltype(std::declval<const at::Tensor &>().grad_fn())>;

/// What makes this output of a norm anew, for those who would keep it for their backward pass; null for other tensors.
NodeHandle norm_behind(const at::Tensor &output);

/// The output of the norm, before its own backward pass. It is computed once, and gone after that pass.
at::Tensor norm_output(torch::autograd::Node &norm);

}  // namespace mohawk
