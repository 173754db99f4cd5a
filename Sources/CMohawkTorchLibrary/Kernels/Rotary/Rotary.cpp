// Rotary positions in one pass; backwards is a rotation the other way.
#include "MohawkRotary.h"

#include <torch/csrc/autograd/custom_function.h>

#include "Translation.h"
#include "Tasks.h"

namespace mohawk {
namespace {
struct RotaryPass {
  const void *x, *cosines, *sines;
  void *out;
  const int64_t *from, *to;  // strides of batch, heads, length
  int64_t heads, half, width;
  bool backwards;
};
}  // namespace
}  // namespace mohawk

#define KERNEL "Rotary/RotaryRows.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {
using Rotation = void (*)(const RotaryPass &, int64_t, int64_t);

Rotation rotation(at::ScalarType type) {
  if (type == at::kDouble) return &portable::turnToken<portable::Lane<double>, double>;
  return type == at::kFloat ? PICK_LANES(turnToken, float) : PICK_LANES(turnToken, c10::BFloat16);
}

at::Tensor rotated(const at::Tensor &given, const at::Tensor &cosines, const at::Tensor &sines, bool backwards) {
  const auto x = given.stride(3) == 1 && given.is_non_overlapping_and_dense() ? given : given.contiguous();
  auto out = at::empty_like(x);
  const int64_t length = x.size(2);
  const RotaryPass pass{x.const_data_ptr(), cosines.const_data_ptr(), sines.const_data_ptr(), out.data_ptr(),
                        x.strides().data(), out.strides().data(), x.size(1), cosines.size(1), x.size(3), backwards};
  const auto rotate = rotation(x.scalar_type());
  constexpr int64_t piece = 16;
  const int64_t tokens = x.size(0) * length;
  in_parallel((tokens + piece - 1) / piece, [&](int64_t index) {
    for (int64_t i = index * piece; i < std::min((index + 1) * piece, tokens); i++) rotate(pass, i / length, i % length);
  });
  return out;
}

struct Rotary : torch::autograd::Function<Rotary> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &cosines,
                            const at::Tensor &sines) {
    context->save_for_backward({cosines, sines});
    return rotated(x, cosines, sines, false);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    return {rotated(gradients[0], saved[0], saved[1], true), at::Tensor(), at::Tensor()};
  }
};
}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" mhk_error mhk_rotary(mhk_tensor x, mhk_tensor cosines, mhk_tensor sines, mhk_tensor *out) {
  return guarded([&] {
    const auto &in = get(x);
    const auto cosine = get(cosines).contiguous(), sine = get(sines).contiguous();
    const auto type = in.scalar_type();
    TORCH_CHECK(in.is_cpu() && (type == at::kFloat || type == at::kDouble || type == at::kBFloat16),
                "rotary positions of ", type, " on the CPU only");
    TORCH_CHECK(in.dim() == 4 && cosine.dim() == 2 && cosine.sizes() == sine.sizes() && cosine.size(0) == in.size(2) &&
                    2 * cosine.size(1) <= in.size(3),
                "angles ", cosine.sizes(), " do not fit ", in.sizes());
    const auto wide = type == at::kDouble ? at::kDouble : at::kFloat;
    TORCH_CHECK(cosine.scalar_type() == wide && sine.scalar_type() == wide, "angles must be ", wide);
    *out = wrap(Rotary::apply(in, cosine, sine));
  });
}
