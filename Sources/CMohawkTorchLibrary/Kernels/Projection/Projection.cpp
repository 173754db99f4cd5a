// Linear layers whose weights are kept in fp32 and multiplied in the type of what comes in. The gradient of a weight is
// summed in fp32 from the start; what an activation or a norm makes of its input is computed anew instead of being kept,
// and so are the narrow weights, which would outweigh a layer's activations.
#include "MohawkProjection.h"

#include "MohawkGated.h"

#include <torch/csrc/autograd/custom_function.h>

#include "Translation.h"
#include "ColumnSums.h"
#include "Gated/Gated.h"
#include "NarrowProduct.h"
#include "Norm/Norm.h"

namespace mohawk {
namespace {
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t noActivation = -1;

/// A norm whose output goes into a projection.
struct NormBefore : torch::CustomClassHolder {
  NodeHandle norm;
};

at::Tensor asRows(const at::Tensor &tensor) { return tensor.reshape({-1, tensor.size(-1)}).contiguous(); }

// x · weightᵀ + bias.
at::Tensor weighted(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  if (!multiplies_slowly(x)) return at::linear(x, weight, bias);
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  auto out = product(asRows(x), weight.t());
  if (bias) out.add_(*bias);
  return out.view(shape);
}

struct Projection : torch::autograd::Function<Projection> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias, const std::optional<at::Tensor> &factor,
                            int64_t activation) {
    const auto type = x.scalar_type();
    const auto narrow = weight.to(type);
    const auto times = factor.value_or(at::Tensor());
    const auto in = activation == noActivation ? x : gated(x, times, activation);
    auto out = weighted(in, narrow, bias ? std::optional<at::Tensor>(bias->to(type)) : std::nullopt);
    const bool needsInput = x.requires_grad() || (factor && factor->requires_grad());
    // Frozen weights need no input, inputs without a gradient no weights.
    bool keepsInput = weight.requires_grad() || (needsInput && activation != noActivation);
    if (auto norm = keepsInput ? norm_behind(x) : NodeHandle()) {
      auto before = c10::make_intrusive<NormBefore>();
      before->norm = std::move(norm);
      context->saved_data["norm"] = c10::IValue::make_capsule(std::move(before));
      keepsInput = false;
    }
    context->save_for_backward({keepsInput ? x : at::Tensor(), needsInput ? weight : at::Tensor(), times});
    context->saved_data["activation"] = activation;
    context->saved_data["shape"] = x.sizes();
    context->saved_data["hasBias"] = bias.has_value();
    if (bias) context->saved_data["bias"] = static_cast<int64_t>(bias->scalar_type());
    context->saved_data["weight"] = static_cast<int64_t>(weight.scalar_type());
    return out;
  }

  /// What went in, where it is needed.
  static at::Tensor input(AutogradContext *context, const at::Tensor &kept) {
    const auto before = context->saved_data.find("norm");
    if (before == context->saved_data.end()) return kept;
    return norm_output(*c10::static_intrusive_pointer_cast<NormBefore>(before->second.toCapsule())->norm);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &weight = saved[1], &factor = saved[2];
    const auto x = input(context, saved[0]);
    const int64_t activation = context->saved_data["activation"].toInt();
    const bool hasBias = context->saved_data["hasBias"].toBool();
    const auto gradient = asRows(gradients[0]);
    at::Tensor inGradient, factorGradient, weightGradient, biasGradient;
    if (hasBias && context->needs_input_grad(2)) {
      biasGradient = column_sums(gradient, static_cast<at::ScalarType>(context->saved_data["bias"].toInt()));
    }
    const bool wantsWeight = context->needs_input_grad(1), isBent = activation != noActivation;
    auto in = x;
    if (weight.defined()) {
      inGradient = product(gradient, weight.to(gradient.scalar_type())).view(context->saved_data["shape"].toIntVector());
      if (isBent) {
        const auto back = gated_gradients(x, factor, inGradient, activation, true, wantsWeight);
        inGradient = back.x;
        factorGradient = back.factor;
        in = back.value;
      }
    } else if (wantsWeight && isBent) {
      in = gated(x, factor, activation);
    }
    if (wantsWeight) {
      in = asRows(in);
      const auto type = static_cast<at::ScalarType>(context->saved_data["weight"].toInt());
      weightGradient = at::empty({gradient.size(1), in.size(1)}, gradient.options().dtype(type));
      add_transposed_product(weightGradient, gradient, in, true);
    }
    return {inGradient, weightGradient, biasGradient, factorGradient, at::Tensor()};
  }
};

// Whether the weights are kept in the type of x or wider, on the CPU.
bool isOurs(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  const auto in = x.scalar_type(), kept = weight.scalar_type();
  const bool fits = (in == at::kBFloat16 && kept == at::kFloat) || (in == kept && (in == at::kFloat || in == at::kDouble ||
                                                                                   in == at::kBFloat16));
  return x.is_cpu() && weight.is_cpu() && fits && (!bias || bias->is_cpu());
}

void check(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  TORCH_CHECK(x.dim() > 0 && weight.dim() == 2 && x.size(-1) == weight.size(1), "weights ", weight.sizes(),
              " do not fit ", x.sizes());
  TORCH_CHECK(!bias || (bias->dim() == 1 && bias->size(0) == weight.size(0)), "a bias does not fit weights ",
              weight.sizes());
}

at::Tensor project(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  check(x, weight, bias);
  if (isOurs(x, weight, bias) && (weight.scalar_type() != x.scalar_type() || multiplies_slowly(x))) {
    return Projection::apply(x, weight, bias, std::optional<at::Tensor>(), noActivation);
  }
  const auto type = x.scalar_type();
  return at::linear(x, weight.to(type), bias ? std::optional<at::Tensor>(bias->to(type)) : std::nullopt);
}
}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" {

mhk_error mhk_projection(mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, mhk_tensor *out) {
  return guarded([&] { *out = wrap(project(get(x), get(weight), optional(bias_or_null))); });
}

mhk_error mhk_gated_projection(mhk_tensor x, mhk_tensor factor_or_null, int32_t activation, mhk_tensor weight,
                               mhk_tensor bias_or_null, mhk_tensor *out) {
  return guarded([&] {
    const auto &in = get(x), &matrix = get(weight);
    const auto factor = optional(factor_or_null), bias = optional(bias_or_null);
    check(in, matrix, bias);
    TORCH_CHECK(!factor || factor->sizes() == in.sizes(), "an activation of ", in.sizes(), " cannot gate ",
                factor->sizes());
    if (isOurs(in, matrix, bias) && can_gate(in, factor.value_or(at::Tensor()))) {
      *out = wrap(Projection::apply(in, matrix, bias, factor, static_cast<int64_t>(activation)));
      return;
    }
    mhk_tensor activated{};
    if (mhk_gated(x, factor_or_null, activation, &activated) != nullptr) TORCH_CHECK(false, last_message());
    const std::unique_ptr<at::Tensor> owned(&get(activated));
    *out = wrap(project(*owned, matrix, bias));
  });
}

}  // extern "C"
