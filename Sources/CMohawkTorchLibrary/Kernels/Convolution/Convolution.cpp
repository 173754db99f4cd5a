// The causal depth-wise convolution of [batch, length, channels] on tensors.
#include <torch/csrc/autograd/custom_function.h>

#include "Translation.h"
#include "WorkingMemory.h"
#include "Convolution.h"
#include "MohawkConvolution.h"
#include "ConvolutionRows.h"
#include "Simd/TinyNumbers.h"
#include "Tasks.h"

#define KERNEL "Convolution/ConvolutionKernels.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Channels of one piece of work.
constexpr int64_t channels_per_task = 256;

struct Operands {
  at::Tensor x;           // [batch, length, channels]
  at::Tensor taps;        // [width, channels]
  at::Tensor bias, past;  // undefined for none
  bool silu;

  int64_t blocks() const { return (x.size(2) + channels_per_task - 1) / channels_per_task; }
  int64_t tasks() const { return isEmpty() ? 0 : x.size(0) * blocks(); }
  /// No token, of which there is not even an address.
  bool isEmpty() const { return x.size(1) == 0; }
};

template <typename E>
Rows<E> rows(const at::Tensor &tensor, int64_t batch, int64_t channel) {
  return {
      static_cast<std::remove_const_t<E> *>(tensor.data_ptr()) + batch * tensor.stride(0) + channel, tensor.stride(1)};
}

template <typename One, typename E, typename T>
One channels(const Operands &operands, int64_t batch, int64_t channel) {
  const auto &taps = operands.taps;
  One one;
  one.length = operands.x.size(1);
  one.channels = std::min(channels_per_task, taps.size(1) - channel);
  one.width = taps.size(0);
  one.silu = operands.silu;
  one.x = rows<const E>(operands.x, batch, channel);
  one.taps = {static_cast<const T *>(taps.data_ptr()) + channel, taps.size(1)};
  if (operands.past.defined()) one.past = rows<const T>(operands.past, batch, channel);
  if (operands.bias.defined()) one.bias = static_cast<const T *>(operands.bias.data_ptr()) + channel;
  return one;
}

template <typename E, typename T, typename Kernel>
void forward_tasks(const Operands &operands, const at::Tensor &y, Kernel kernel) {
  in_parallel(operands.tasks(), [&](int64_t index) {
    const int64_t batch = index / operands.blocks(), channel = index % operands.blocks() * channels_per_task;
    auto one = channels<ConvolutionForward<E, T>, E, T>(operands, batch, channel);
    one.y = rows<E>(y, batch, channel);
    kernel(one);
  });
}

at::Tensor forward(const Operands &operands) {
  auto y = at::empty(operands.x.sizes(), operands.x.options());
  switch (operands.x.scalar_type()) {
    case at::kDouble: forward_tasks<double, double>(operands, y, PICK(filter<double, double>)); break;
    case at::kFloat: forward_tasks<float, float>(operands, y, PICK(filter<float, float>)); break;
    default: forward_tasks<BFloat16, float>(operands, y, PICK(filter<BFloat16, float>)); break;
  }
  return y;
}

struct Gradients {
  at::Tensor x, past;
  at::Tensor taps;  // [batch, width + 1, channels], the last row the bias's
};

template <typename E, typename T, typename Kernel>
void backward_tasks(const Operands &operands, const at::Tensor &y, const Gradients &gradients, Kernel kernel) {
  in_parallel(operands.tasks(), [&](int64_t index) {
    const int64_t batch = index / operands.blocks(), channel = index % operands.blocks() * channels_per_task;
    auto one = channels<ConvolutionBackward<E, T>, E, T>(operands, batch, channel);
    one.yGradient = rows<const E>(y, batch, channel);
    one.xGradient = rows<E>(gradients.x, batch, channel);
    one.tapGradients = rows<T>(gradients.taps, batch, channel);
    if (gradients.past.defined()) one.pastGradient = rows<T>(gradients.past, batch, channel);
    kernel(one);
  });
}

Gradients backward(const Operands &operands, const at::Tensor &y, bool of_past) {
  const auto &x = operands.x;
  Gradients gradients;
  gradients.x = at::empty(x.sizes(), x.options());
  gradients.taps = at::empty({x.size(0), operands.taps.size(0) + 1, x.size(2)}, operands.taps.options());
  if (of_past) gradients.past = at::empty(operands.past.sizes(), operands.past.options());
  if (operands.isEmpty()) {
    gradients.taps.zero_();
    if (of_past) gradients.past.zero_();
  }
  switch (x.scalar_type()) {
    case at::kDouble: backward_tasks<double, double>(operands, y, gradients, PICK(filterGradients<double, double>)); break;
    case at::kFloat: backward_tasks<float, float>(operands, y, gradients, PICK(filterGradients<float, float>)); break;
    default: backward_tasks<BFloat16, float>(operands, y, gradients, PICK(filterGradients<BFloat16, float>)); break;
  }
  return gradients;
}

at::Tensor dense_rows(const at::Tensor &tensor) {
  return tensor.stride(-1) == 1 || tensor.size(-1) == 1 ? tensor : tensor.contiguous();
}

struct Function : torch::autograd::Function<Function> {
  static at::Tensor forward(
      AutogradContext *context, const at::Tensor &x, const at::Tensor &taps, const std::optional<at::Tensor> &bias,
      const std::optional<at::Tensor> &past, bool silu) {
    const Operands operands{x, taps, bias.value_or(at::Tensor()), past.value_or(at::Tensor()), silu};
    context->save_for_backward({x, taps, operands.bias, operands.past});
    context->saved_data["silu"] = silu;
    context->saved_data["ofPast"] = past && past->requires_grad();
    return mohawk::forward(operands);
  }

  static variable_list backward(AutogradContext *context, variable_list seeds) {
    const auto saved = context->get_saved_variables();
    const Operands operands{saved[0], saved[1], saved[2], saved[3], context->saved_data["silu"].toBool()};
    const auto g = mohawk::backward(operands, dense_rows(seeds[0]), context->saved_data["ofPast"].toBool());
    const auto sums = g.taps.sum(0);
    const int64_t width = operands.taps.size(0);
    return {
        g.x, sums.narrow(0, 0, width), operands.bias.defined() ? sums[width] : at::Tensor(), g.past, at::Tensor()};
  }
};

}  // namespace

at::Tensor convolution(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const std::optional<at::Tensor> &past, bool silu) {
  TORCH_CHECK(x.dim() == 3 && weight.dim() == 3 && weight.size(1) == 1, "no operands of a depth-wise convolution");
  TORCH_CHECK(x.size(2) == weight.size(0) && weight.size(2) > 0, "the weight has other channels or no taps");
  TORCH_CHECK(!bias || bias->sizes() == at::IntArrayRef({x.size(2)}), "the bias has another shape");
  const auto before = {x.size(0), weight.size(2) - 1, x.size(2)};
  TORCH_CHECK(!past || past->sizes() == at::IntArrayRef(before), "the past has another shape");
  TORCH_CHECK(x.is_cpu(), "these kernels are for CPUs");
  const auto type = weight.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const bool half = x.scalar_type() == at::kBFloat16 && type == at::kFloat;
  auto ready = [&](const std::optional<at::Tensor> &tensor) {
    return tensor ? std::optional(tensor->to(type).contiguous()) : std::nullopt;
  };
  const auto input = dense_rows(half ? x : x.to(type));
  const auto taps = weight.to(type).squeeze(1).t().contiguous();
  const auto b = ready(bias), p = ready(past);
  const bool wanted = input.requires_grad() || taps.requires_grad() || (b && b->requires_grad()) ||
                      (p && p->requires_grad());
  const auto y = wanted && at::GradMode::is_enabled()
                     ? Function::apply(input, taps, b, p, silu)
                     : forward({input, taps, b.value_or(at::Tensor()), p.value_or(at::Tensor()), silu});
  return y.to(x.scalar_type());
}

}  // namespace mohawk

using namespace mohawk;

extern "C" mhk_error mhk_causal_convolution(
    mhk_tensor x, mhk_tensor weight, mhk_tensor bias, mhk_tensor past, bool silu, mhk_tensor *out) {
  return guarded([&] { *out = wrap(convolution(get(x), get(weight), optional(bias), optional(past), silu)); });
}
