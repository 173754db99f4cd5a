// Sums down the columns of a matrix, such as the gradient of a bias.
#pragma once
#include <ATen/ATen.h>

namespace mohawk {

/// Of [rows, width] without gaps, in `type`. bf16 is summed in fp32 as it is read, where libtorch first makes a copy.
at::Tensor column_sums(const at::Tensor &matrix, at::ScalarType type);

}  // namespace mohawk
