// Parts of a model whose insides are computed a second time in the backward pass instead of being kept for it.
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "Translation.h"

using namespace mohawk;

namespace {
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What is computed, and what it holds as long as it may be computed again.
struct Body : torch::CustomClassHolder {
  void (*const compute)(void *, mhk_tensor, mhk_tensor *);
  void (*const release)(void *);
  void *const context;
  Body(void (*compute)(void *, mhk_tensor, mhk_tensor *), void (*release)(void *), void *context)
      : compute(compute), release(release), context(context) {}
  ~Body() override { release(context); }

  at::Tensor operator()(const at::Tensor &input) const {
    mhk_tensor out{};
    compute(context, wrap(input), &out);
    const std::unique_ptr<at::Tensor> owned(&get(out));
    return *owned;
  }
};

/// Inputs are the part's input and the leaves that it depends on.
struct Recomputation : torch::autograd::Function<Recomputation> {
  static at::Tensor forward(AutogradContext *context, at::TensorList inputs, const c10::intrusive_ptr<Body> &body) {
    context->save_for_backward(inputs.vec());
    context->saved_data["body"] = c10::IValue::make_capsule(body);
    // Recorded like the second time, because kernels may compute in another order where nothing is; the graph goes at once.
    const at::AutoGradMode records(true);
    return (*body)(leaf(inputs[0], inputs[0].requires_grad())).detach();
  }

  /// The same numbers as the beginning of another graph.
  static at::Tensor leaf(const at::Tensor &input, bool moves) {
    auto leaf = input.detach();
    leaf.set_requires_grad(moves);
    return leaf;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto inputs = context->get_saved_variables();
    const auto capsule = context->saved_data["body"].toCapsule();
    const auto &body = static_cast<const Body &>(*capsule);
    variable_list wanted;
    std::vector<size_t> places;
    at::Tensor output;
    {
      const at::AutoGradMode records(true);
      const auto input = leaf(inputs[0], context->needs_input_grad(0));
      for (size_t i = 0; i < inputs.size(); i++) {
        if (!context->needs_input_grad(i)) continue;
        wanted.push_back(i == 0 ? input : inputs[i]);
        places.push_back(i);
      }
      output = body(input);
    }
    variable_list found(inputs.size() + 1);
    const auto parts = torch::autograd::grad({output}, wanted, {gradients[0]}, std::nullopt, false, true);
    for (size_t i = 0; i < places.size(); i++) found[places[i]] = parts[i];
    return found;
  }
};
}  // namespace

extern "C" mhk_error mhk_recomputed(mhk_tensor input, const mhk_tensor *leaves, int32_t count,
                                    void (*compute)(void *, mhk_tensor, mhk_tensor *), void (*release)(void *),
                                    void *context, mhk_tensor *out) {
  return guarded([&] {
    const auto body = c10::make_intrusive<Body>(compute, release, context);
    auto inputs = list(leaves, count);
    inputs.insert(inputs.begin(), get(input));
    const bool learns = at::GradMode::is_enabled() && std::any_of(inputs.begin(), inputs.end(), [](const auto &tensor) {
                          return tensor.requires_grad();
                        });
    *out = wrap(learns ? Recomputation::apply(at::TensorList(inputs), body) : (*body)(inputs[0]));
  });
}
