// LayerNorm and RMSNorm from the type of the stream to the type of the computation, in one pass each way.
#include "Norm.h"

#include "MohawkNorm.h"

#include <torch/csrc/autograd/custom_function.h>

#include "Translation.h"
#include "Tasks.h"

namespace mohawk {
namespace {
struct NormPass {
  const void *x, *weight, *bias, *gradient;  // bias may be null
  void *out;                              // null when nobody wants it
  int64_t width;
  double epsilon;
  bool centred;
};
}  // namespace
}  // namespace mohawk

#define KERNEL "Norm/NormRows.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {
using c10::BFloat16;
using Forward = void (*)(const NormPass &, int64_t, int64_t);
using Backward = void (*)(const NormPass &, int64_t, int64_t, void *);

Forward forwardRows(at::ScalarType in, at::ScalarType out) {
  if (in == at::kDouble) return &portable::normForward<portable::Lane<double>, double, double>;
  if (in == at::kFloat) return out == at::kFloat ? PICK_LANES(normForward, float, float) : PICK_LANES(normForward, float, BFloat16);
  return out == at::kFloat ? PICK_LANES(normForward, BFloat16, float) : PICK_LANES(normForward, BFloat16, BFloat16);
}

Backward backwardRows(at::ScalarType in, at::ScalarType out) {
  if (in == at::kDouble) return &portable::normBackward<portable::Lane<double>, double, double>;
  if (in == at::kFloat) return out == at::kFloat ? PICK_LANES(normBackward, float, float) : PICK_LANES(normBackward, float, BFloat16);
  return out == at::kFloat ? PICK_LANES(normBackward, BFloat16, float) : PICK_LANES(normBackward, BFloat16, BFloat16);
}

// Rows of one piece of work: the gradients of the weights are added up per piece, so that they do not depend on the
// number of threads.
constexpr int64_t pieceRows = 64;
int64_t pieces(int64_t rows) { return (rows + pieceRows - 1) / pieceRows; }

// Rows without gaps; `shift` is undefined for none.
struct NormOperands {
  at::Tensor x, scale, shift;
  double epsilon;
  bool centred;
  at::ScalarType type;  // of the output
};

at::Tensor forward(const NormOperands &o) {
  auto out = at::empty(o.x.sizes(), o.x.options().dtype(o.type));
  const NormPass pass{o.x.const_data_ptr(), o.scale.const_data_ptr(),
                      o.shift.defined() ? o.shift.const_data_ptr() : nullptr, nullptr, out.data_ptr(),
                      o.scale.numel(), o.epsilon, o.centred};
  const int64_t rows = o.x.numel() / std::max<int64_t>(1, pass.width);
  const auto run = forwardRows(o.x.scalar_type(), o.type);
  in_parallel(pieces(rows), [&](int64_t i) { run(pass, i * pieceRows, std::min((i + 1) * pieceRows, rows)); });
  return out;
}

struct Norm : torch::autograd::Function<Norm> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &given, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias, double epsilon, bool centred, at::ScalarType type) {
    const NormOperands operands{given.contiguous(), weight.contiguous(), bias ? bias->contiguous() : at::Tensor(),
                                epsilon, centred, type};
    context->save_for_backward({operands.x, operands.scale, operands.shift});
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["centred"] = centred;
    context->saved_data["type"] = static_cast<int64_t>(type);
    return mohawk::forward(operands);
  }

  /// The output, kept from the first call on until the backward pass.
  static at::Tensor again(torch::autograd::AutogradContext &context) {
    auto &output = context.saved_data["output"];
    if (!output.isTensor()) {
      const auto saved = context.get_saved_variables();
      output = mohawk::forward({saved[0], saved[1], saved[2], context.saved_data["epsilon"].toDouble(),
                                context.saved_data["centred"].toBool(),
                                static_cast<at::ScalarType>(context.saved_data["type"].toInt())});
    }
    return output.toTensor();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    context->saved_data.erase("output");
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1];
    const auto gradient = gradients[0].contiguous();
    const bool wantsInput = context->needs_input_grad(0);
    const bool wantsWeight = context->needs_input_grad(1);
    const bool wantsBias = saved[2].defined() && context->needs_input_grad(2);
    const bool wantsWeights = wantsWeight || wantsBias;
    auto out = wantsInput ? at::empty_like(x) : at::Tensor();
    const NormPass pass{x.const_data_ptr(), weight.const_data_ptr(), nullptr, gradient.const_data_ptr(),
                        wantsInput ? out.data_ptr() : nullptr, weight.numel(),
                        context->saved_data["epsilon"].toDouble(), context->saved_data["centred"].toBool()};
    const int64_t rows = x.numel() / std::max<int64_t>(1, pass.width), count = pieces(rows);
    const auto sums = wantsWeights ? at::zeros({count, 2, pass.width}, weight.options()) : at::Tensor();
    const auto run = backwardRows(x.scalar_type(), gradient.scalar_type());
    in_parallel(count, [&](int64_t i) {
      run(pass, i * pieceRows, std::min((i + 1) * pieceRows, rows), wantsWeights ? sums[i].data_ptr() : nullptr);
    });
    at::Tensor weightGradient, biasGradient;
    if (wantsWeights) {
      const auto both = sums.sum(0);
      if (wantsWeight) weightGradient = both[0];
      if (wantsBias) biasGradient = both[1];
    }
    return {out, weightGradient, biasGradient, {}, {}, {}};
  }
};

using NormNode = torch::autograd::CppNode<Norm>;

bool isNarrow(at::ScalarType type) { return type == at::kFloat || type == at::kBFloat16; }
}  // namespace

NodeHandle norm_behind(const at::Tensor &output) {
  const auto node = output.grad_fn();
  return dynamic_cast<NormNode *>(node.get()) == nullptr ? NodeHandle() : node;
}

at::Tensor norm_output(torch::autograd::Node &norm) { return Norm::again(dynamic_cast<NormNode &>(norm).ctx_); }
}  // namespace mohawk

using namespace mohawk;

extern "C" mhk_error mhk_norm(mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, double epsilon, bool centred,
                              int32_t dtype, mhk_tensor *out) {
  return guarded([&] {
    const auto &in = get(x), &scale = get(weight);
    const auto bias = optional(bias_or_null);
    const auto type = scalar_type(dtype), kept = scale.scalar_type();
    TORCH_CHECK(scale.dim() == 1 && in.dim() > 0 && in.size(-1) == scale.numel(), "a norm over ", scale.sizes(),
                " does not fit ", in.sizes());
    TORCH_CHECK(!bias || (bias->sizes() == scale.sizes() && bias->scalar_type() == kept), "scale and shift differ");
    const bool isWide = kept == at::kDouble && in.scalar_type() == at::kDouble && type == at::kDouble;
    if (in.is_cpu() && scale.is_cpu() && (isWide || (kept == at::kFloat && isNarrow(in.scalar_type()) && isNarrow(type)))) {
      *out = wrap(Norm::apply(in, scale, bias, epsilon, centred, type));
      return;
    }
    const auto wide = in.to(kept);
    const auto normal = centred ? at::layer_norm(wide, scale.sizes(), scale, bias, epsilon)
                                : at::rms_norm(wide, scale.sizes(), scale, epsilon);
    *out = wrap((!centred && bias ? normal + *bias : normal).to(type));
  });
}
