#include "SSD.h"

#include <torch/csrc/autograd/custom_function.h>

#include "Translation.h"
#include "MohawkSSD.h"
#include "SSDPasses.h"

namespace mohawk {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor dense_rows(const at::Tensor &tensor) {
  return tensor.stride(-1) == 1 || tensor.size(-1) == 1 ? tensor : tensor.contiguous();
}

at::Tensor or_none(const std::optional<at::Tensor> &tensor) { return tensor.value_or(at::Tensor()); }
std::optional<at::Tensor> if_any(const at::Tensor &tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

/// Pasts of convolutions get no gradients.
struct Function : torch::autograd::Function<Function> {
  using Optional = std::optional<at::Tensor>;

  static variable_list forward(
      AutogradContext *context, const at::Tensor &x, const at::Tensor &b, const at::Tensor &c,
      const at::Tensor &log_decay, const Optional &skip, const Optional &state, const Optional &x_taps,
      const Optional &x_bias, const Optional &x_past, const Optional &bc_taps, const Optional &bc_bias,
      const Optional &bc_past, int64_t chunk) {
    SSDOperands o{x, b, c, log_decay, or_none(skip), or_none(state), {}, chunk,
                  {or_none(x_taps), or_none(x_bias), or_none(x_past)},
                  {or_none(bc_taps), or_none(bc_bias), or_none(bc_past)}};
    const auto results = ssd_forward(o, true);
    context->save_for_backward({x, b, c, log_decay, o.skip, o.state, o.entering, o.xFilter.taps, o.xFilter.bias,
                                o.xFilter.past, o.bcFilter.taps, o.bcFilter.bias, o.bcFilter.past});
    context->saved_data["chunk"] = chunk;
    context->set_materialize_grads(false);
    return {results.y, results.last};
  }

  static variable_list backward(AutogradContext *context, variable_list seeds) {
    const auto s = context->get_saved_variables();
    const SSDOperands o{s[0], s[1], s[2], s[3], s[4], s[5], s[6], context->saved_data["chunk"].toInt(),
                        {s[7], s[8], s[9]}, {s[10], s[11], s[12]}};
    const auto y = seeds[0].defined() ? dense_rows(seeds[0]) : at::Tensor();
    const auto last = seeds[1].defined() ? seeds[1].contiguous() : at::Tensor();
    const auto g = ssd_backward(o, y, last);
    const auto taps = [](const at::Tensor &all) { return all.defined() ? all.narrow(0, 0, ssdFilterTaps) : all; };
    const auto bias = [](const at::Tensor &all, const SSDFilterTensors &filter) {
      return filter.bias.defined() ? all[ssdFilterTaps] : at::Tensor();
    };
    const at::Tensor none;
    return {g.x, g.b, g.c, g.logDecay, g.skip, g.state, taps(g.xTaps), bias(g.xTaps, o.xFilter), none,
            taps(g.bcTaps), bias(g.bcTaps, o.bcFilter), none, none};
  }
};

void check(const SSDOperands &o) {
  TORCH_CHECK(o.x.dim() == 4 && o.b.dim() == 4 && o.logDecay.dim() == 3 && o.chunk > 0, "no operands of SSD");
  TORCH_CHECK(o.b.sizes() == o.c.sizes(), "b and c differ in shape");
  TORCH_CHECK(o.x.sizes().slice(0, 3) == o.logDecay.sizes(), "x and log_decay differ in batch, length or heads");
  TORCH_CHECK(o.b.sizes().slice(0, 2) == o.x.sizes().slice(0, 2), "x and b differ in batch or length");
  TORCH_CHECK(o.b.size(2) > 0 && o.x.size(2) % o.b.size(2) == 0, "the heads of x are no multiple of those of b");
  const auto groups = {o.x.size(0), o.x.size(2), o.x.size(3), o.b.size(3)};
  TORCH_CHECK(!o.state.defined() || o.state.sizes() == at::IntArrayRef(groups), "a state of another shape");
  TORCH_CHECK(!o.skip.defined() || (o.skip.dim() == 1 && o.skip.size(0) == o.x.size(2)), "not one skip per head");
  TORCH_CHECK(o.x.is_cpu(), "these kernels are for CPUs");
}

/// Whether any of these wants a gradient.
bool wanted(std::initializer_list<at::Tensor> tensors) {
  if (!at::GradMode::is_enabled()) return false;
  return std::any_of(tensors.begin(), tensors.end(), [](const auto &t) { return t.defined() && t.requires_grad(); });
}

}  // namespace

std::pair<at::Tensor, at::Tensor> ssd(
    const at::Tensor &x, const at::Tensor &b, const at::Tensor &c, const at::Tensor &log_decay,
    const std::optional<at::Tensor> &skip, const std::optional<at::Tensor> &state, int64_t chunk,
    const SSDFilterTensors &x_filter, const SSDFilterTensors &bc_filter) {
  const bool exact = log_decay.scalar_type() == at::kDouble || x.scalar_type() == at::kDouble;
  const auto narrow = exact                                   ? at::kDouble
                      : x.scalar_type() == at::kBFloat16 ? at::kBFloat16
                                                              : at::kFloat;
  const auto type = exact ? at::kDouble : at::kFloat;
  const auto wide = [&](const at::Tensor &tensor) { return tensor.defined() ? tensor.to(type).contiguous() : tensor; };
  const auto filter = [&](const SSDFilterTensors &of) {
    return SSDFilterTensors{wide(of.taps), wide(of.bias), wide(of.past)};
  };
  SSDOperands o{dense_rows(x.to(narrow)), dense_rows(b.to(narrow)), dense_rows(c.to(narrow)), log_decay.to(type),
                wide(or_none(skip)), wide(or_none(state)), {}, chunk, filter(x_filter), filter(bc_filter)};
  check(o);
  o.chunk = std::min<int64_t>(chunk, 256);
  const auto &[xTaps, xBias, xPast] = o.xFilter;
  const auto &[bcTaps, bcBias, bcPast] = o.bcFilter;
  SSDResults results;
  if (wanted({o.x, o.b, o.c, o.logDecay, o.skip, o.state, xTaps, xBias, bcTaps, bcBias})) {
    const auto both = Function::apply(
        o.x, o.b, o.c, o.logDecay, if_any(o.skip), if_any(o.state), if_any(xTaps), if_any(xBias), if_any(xPast),
        if_any(bcTaps), if_any(bcBias), if_any(bcPast), o.chunk);
    results = {both[0], both[1]};
  } else {
    results = ssd_forward(o, false);
  }
  return {results.y.to(x.scalar_type()), results.last.to(log_decay.scalar_type())};
}

}  // namespace mohawk

using namespace mohawk;

extern "C" {

mhk_error mhk_ssd(
    mhk_tensor x, mhk_tensor b, mhk_tensor c, mhk_tensor log_decay, mhk_tensor skip, mhk_tensor state, int64_t chunk,
    mhk_tensor *y, mhk_tensor *last) {
  return guarded([&] {
    auto results = ssd(get(x), get(b), get(c), get(log_decay), optional(skip), optional(state), chunk);
    *y = wrap(std::move(results.first));
    *last = wrap(std::move(results.second));
  });
}

}  // extern "C"
