#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

#include "Library.h"
#include "Translation.h"

using namespace mohawk;

extern "C" {

bool mhk_library_grad_enabled(void) { return at::GradMode::is_enabled(); }
void mhk_library_set_grad_enabled(bool enabled) { at::GradMode::set_enabled(enabled); }
mhk_error mhk_set_requires_grad(mhk_tensor a, bool required) {
  return guarded([&] { get(a).set_requires_grad(required); });
}
mhk_error mhk_backward(mhk_tensor a, mhk_tensor gradient) {
  return guarded([&] {
    std::vector<at::Tensor> seeds;
    if (gradient.object != nullptr) seeds.push_back(get(gradient));
    torch::autograd::backward({get(a)}, seeds);
  });
}
mhk_error mhk_grad(mhk_tensor a, mhk_tensor *out) {
  return guarded([&] {
    auto &gradient = get(a).mutable_grad();
    if (gradient.defined()) {
      *out = wrap(gradient);
    } else {
      out->object = nullptr;
    }
  });
}
mhk_error mhk_set_data(mhk_tensor a, mhk_tensor data) {
  return guarded([&] {
    TORCH_CHECK(!get(a).requires_grad(), "the tensor requires a gradient");
    get(a).set_data(get(data));
  });
}
mhk_error mhk_set_grad(mhk_tensor a, mhk_tensor gradient) {
  return guarded([&] { get(a).mutable_grad() = gradient.object ? get(gradient) : at::Tensor(); });
}
mhk_error mhk_gradients(mhk_tensor output, mhk_tensor gradient, const mhk_tensor *inputs, int32_t count,
                        mhk_tensor *out) {
  return guarded([&] {
    std::vector<at::Tensor> seeds;
    if (gradient.object != nullptr) seeds.push_back(get(gradient));
    auto result = torch::autograd::grad({get(output)}, list(inputs, count), seeds, std::nullopt, false, true);
    for (int32_t i = 0; i < count; i++) {
      if (result[i].defined()) {
        out[i] = wrap(result[i]);
      } else {
        out[i].object = nullptr;
      }
    }
  });
}

}  // extern "C"
