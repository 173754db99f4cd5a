// Products of narrow numbers that are summed in a wide type.
#pragma once
#include <ATen/ATen.h>

namespace mohawk {

/// sum += aᵀ · b, or sum = when `fresh`, for contiguous a [rows, m], b [rows, n] of one type and sum [m, n] of the same or,
/// for bf16, of fp32.
void add_transposed_product(at::Tensor &sum, const at::Tensor &a, const at::Tensor &b, bool fresh);

}  // namespace mohawk
