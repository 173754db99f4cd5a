// Products of narrow numbers that are summed in a wide type.
#pragma once
#include <ATen/ATen.h>

namespace mohawk {

/// Whether libtorch multiplies tensors like `a` several times slower than the same numbers in fp32: bf16 on x86 processors
/// without instructions for it.
bool multiplies_slowly(const at::Tensor &a);

/// at::matmul and at::linear, in fp32 where libtorch is slow in this type, and then rounded once.
at::Tensor differentiable_product(const at::Tensor &a, const at::Tensor &b);
at::Tensor differentiable_linear(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias);

/// out = a · b for a [rows, m], b [m, n] and out [rows, n] of one type, all on the CPU. Where libtorch is slow in this type, the
/// numbers are multiplied and summed in fp32, some columns at a time, and rounded once.
void product_out(at::Tensor &out, const at::Tensor &a, const at::Tensor &b);

/// The same, into a new tensor.
at::Tensor product(const at::Tensor &a, const at::Tensor &b);

/// sum += aᵀ · b, or sum = when `fresh`, for contiguous a [rows, m], b [rows, n] of one type and sum [m, n] of the same or,
/// for bf16, of fp32.
void add_transposed_product(at::Tensor &sum, const at::Tensor &a, const at::Tensor &b, bool fresh);

}  // namespace mohawk
