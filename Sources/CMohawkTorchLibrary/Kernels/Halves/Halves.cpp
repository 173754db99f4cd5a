// Two halves of the last dimension, whose gradients are joined without a copy where they already lie side by side, as
// those that the state-space operation writes for b and c do.
#include "MohawkHalves.h"

#include <torch/csrc/autograd/custom_function.h>

#include "Translation.h"

namespace mohawk {
namespace {

/// first and second as one tensor with twice the last dimension.
at::Tensor joined(const at::Tensor &first, const at::Tensor &second) {
  const int64_t width = first.size(-1);
  const bool together = first.is_alias_of(second) && first.sizes() == second.sizes() &&
                        first.strides() == second.strides() && first.scalar_type() == second.scalar_type() &&
                        (width <= 1 || first.stride(-1) == 1) &&
                        second.storage_offset() == first.storage_offset() + width;
  if (!together) return at::cat({first, second}, -1);
  auto sizes = first.sizes().vec();
  auto strides = first.strides().vec();
  sizes.back() = 2 * width;
  strides.back() = 1;
  return first.as_strided(sizes, strides);
}

struct Halves : torch::autograd::Function<Halves> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext *context, const at::Tensor &x) {
    const int64_t width = x.size(-1) / 2;
    return {x.narrow(-1, 0, width), x.narrow(-1, width, width)};
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext *, torch::autograd::variable_list gradients) {
    return {joined(gradients[0], gradients[1])};
  }
};

}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" mhk_error mhk_halves(mhk_tensor x, mhk_tensor *first, mhk_tensor *second) {
  return guarded([&] {
    TORCH_CHECK(get(x).dim() > 0 && get(x).size(-1) % 2 == 0, "no two halves of ", get(x).sizes());
    auto halves = Halves::apply(get(x));
    *first = wrap(std::move(halves[0]));
    *second = wrap(std::move(halves[1]));
  });
}
