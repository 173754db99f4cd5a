// SiLU and GELU by tanh are x · sigmoid(x(a + bx²)); one pass forward and one backward do for both.
#include "MohawkGated.h"

#include <torch/csrc/autograd/custom_function.h>

#include "Translation.h"
#include "Gated.h"
#include "Tasks.h"

namespace mohawk {
namespace {
struct GatedPass {
  const void *x, *factor, *gradient;  // factor may be null
  void *out, *factorOut, *value;  // value may be null
  double a, b;
};
}  // namespace
}  // namespace mohawk

#define KERNEL "Gated/GatedPass.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {
using Pass = void (*)(const GatedPass &, int64_t, int64_t);

GatedPass polynomial(int64_t activation) {
  GatedPass pass{};
  pass.a = 1;
  if (activation == MHK_GELU_TANH) {
    pass.a = 2 * std::sqrt(2 / 3.14159265358979323846);
    pass.b = pass.a * 0.044715;
  }
  return pass;
}

bool isKnown(const at::Tensor &x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16 ||
                        x.scalar_type() == at::kDouble);
}

Pass forwardPass(at::ScalarType type) {
  if (type == at::kDouble) return &portable::gatedForward<portable::Lane<double>, double>;
  return type == at::kFloat ? PICK_LANES(gatedForward, float) : PICK_LANES(gatedForward, c10::BFloat16);
}

Pass backwardPass(at::ScalarType type) {
  if (type == at::kDouble) return &portable::gatedBackward<portable::Lane<double>, double>;
  return type == at::kFloat ? PICK_LANES(gatedBackward, float) : PICK_LANES(gatedBackward, c10::BFloat16);
}

// Shares whole vectors out among the threads.
void share(Pass run, const GatedPass &pass, int64_t count) {
  constexpr int64_t piece = 8192;
  in_parallel((count + piece - 1) / piece, [&](int64_t index) {
    run(pass, index * piece, std::min((index + 1) * piece, count));
  });
}

// The same numbers in the memory order of `model`.
at::Tensor laidOutLike(const at::Tensor &model, const at::Tensor &tensor) {
  return tensor.strides() == model.strides() ? tensor : at::empty_like(model).copy_(tensor);
}

}  // namespace

bool can_gate(const at::Tensor &x, const at::Tensor &factor) {
  return isKnown(x) && (!factor.defined() || (factor.is_cpu() && factor.scalar_type() == x.scalar_type()));
}

// Memory order does not matter as long as all have the same.
at::Tensor gated(const at::Tensor &x, const at::Tensor &factor, int64_t activation) {
  const auto in = x.is_non_overlapping_and_dense() ? x : x.contiguous();
  const auto times = factor.defined() ? laidOutLike(in, factor) : at::Tensor();
  auto out = at::empty_like(in);
  auto pass = polynomial(activation);
  pass.x = in.const_data_ptr();
  if (times.defined()) pass.factor = times.const_data_ptr();
  pass.out = out.data_ptr();
  share(forwardPass(in.scalar_type()), pass, in.numel());
  return out;
}

GatedGradients gated_gradients(const at::Tensor &x, const at::Tensor &factor, const at::Tensor &gradient, int64_t activation,
                               bool inPlace, bool withValue) {
  const auto in = x.is_non_overlapping_and_dense() ? x : x.contiguous();
  const auto times = factor.defined() ? laidOutLike(in, factor) : at::Tensor();
  const auto seed = laidOutLike(in, gradient);
  GatedGradients out{inPlace ? seed : at::empty_like(in), times.defined() ? at::empty_like(in) : at::Tensor(),
                     withValue ? at::empty_like(in) : at::Tensor()};
  auto pass = polynomial(activation);
  pass.x = in.const_data_ptr();
  pass.gradient = seed.const_data_ptr();
  pass.out = out.x.data_ptr();
  if (times.defined()) {
    pass.factor = times.const_data_ptr();
    pass.factorOut = out.factor.data_ptr();
  }
  if (withValue) pass.value = out.value.data_ptr();
  share(backwardPass(in.scalar_type()), pass, in.numel());
  return out;
}

namespace {
struct Gated : torch::autograd::Function<Gated> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x,
                            const std::optional<at::Tensor> &factor, int64_t activation) {
    context->saved_data["activation"] = activation;
    if (factor) {
      context->save_for_backward({x, *factor});
    } else {
      context->save_for_backward({x});
    }
    return gated(x, factor.value_or(at::Tensor()), activation);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto factor = saved.size() > 1 ? saved[1] : at::Tensor();
    const auto out =
        gated_gradients(saved[0], factor, gradients[0], context->saved_data["activation"].toInt(), false, false);
    return {out.x, out.factor, at::Tensor()};
  }
};
}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" mhk_error mhk_gated(mhk_tensor x, mhk_tensor factor_or_null, int32_t activation, mhk_tensor *out) {
  return guarded([&] {
    const auto &in = get(x);
    const auto factor = optional(factor_or_null);
    TORCH_CHECK(!factor || factor->sizes() == in.sizes(), "an activation of ", in.sizes(), " cannot gate ",
                factor->sizes());
    if (can_gate(in, factor.value_or(at::Tensor()))) {
      *out = wrap(Gated::apply(in, factor, static_cast<int64_t>(activation)));
      return;
    }
    const auto alone = activation == MHK_SILU ? at::silu(in) : at::gelu(in, "tanh");
    *out = wrap(factor ? alone * *factor : alone);
  });
}
