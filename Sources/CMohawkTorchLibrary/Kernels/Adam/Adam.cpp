// All parameters in one pass: blocks of all tensors together are shared out among the threads.
#include "MohawkAdam.h"

#include <map>

#include <ATen/core/grad_mode.h>

#include "Translation.h"
#include "Tasks.h"

namespace mohawk {
namespace {
// What is the same for all parameters.
struct AdamNumbers {
  double scale, beta1, beta2, epsilon;
  double step;  // the learning rate over the first moment's bias
  double root;  // 1 over the root of the second moment's bias
};
// Neighbouring numbers of one parameter; `kept` is what decay leaves of them.
struct AdamBlock {
  void *value, *first, *second;
  const void *gradient;
  int64_t count;
  double kept;
};
}  // namespace
}  // namespace mohawk

#define KERNEL "Adam/AdamBlock.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {
// Four arrays of as many fp32 numbers lie in a core's own cache.
constexpr int64_t blockSize = 1 << 14;

// Whether the kernels can work on this tensor where it lies.
bool isPlain(const at::Tensor &tensor) {
  return tensor.is_cpu() && tensor.is_contiguous() &&
         (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble);
}

void *address(const at::Tensor &tensor, int64_t element) {
  return static_cast<char *>(tensor.data_ptr()) + element * static_cast<int64_t>(tensor.element_size());
}

double norm(std::vector<at::Tensor> tensors) {
  struct Part {
    const void *numbers;
    int64_t count;
    bool isDouble;
  };
  std::vector<Part> parts;
  std::vector<at::Tensor> elsewhere;  // on another device, from where one number is read in the end
  for (auto &tensor : tensors) {
    if (!isPlain(tensor) && tensor.is_cpu()) {
      tensor = tensor.to(tensor.scalar_type() == at::kDouble ? at::kDouble : at::kFloat).contiguous();
    }
    if (!isPlain(tensor)) {
      elsewhere.push_back(tensor.to(at::kDouble).square().sum());
      continue;
    }
    for (int64_t at = 0; at < tensor.numel(); at += blockSize) {
      parts.push_back({address(tensor, at), std::min(blockSize, tensor.numel() - at), tensor.dtype() == at::kDouble});
    }
  }
  const auto single = PICK_LANES(sumOfSquares);
  std::vector<double> sums(parts.size());
  in_parallel(static_cast<int64_t>(parts.size()), [&](int64_t i) {
    const auto &part = parts[i];
    sums[i] = part.isDouble ? portable::sumOfSquares<portable::Lane<double>>(part.numbers, part.count)
                            : single(part.numbers, part.count);
  });
  double total = elsewhere.empty() ? 0 : at::stack(elsewhere).sum().item<double>();
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

// Where the kernels cannot go, as on another device: libtorch's own fused step, for all that decay alike at once.
void elsewhere(const std::vector<at::Tensor> &values, const std::vector<at::Tensor> &gradients,
               const std::vector<at::Tensor> &first, const std::vector<at::Tensor> &second, const double *decay,
               const mhk_adamw &settings) {
  const auto scaled =
      settings.gradient_scale == 1 ? gradients : at::_foreach_mul(gradients, settings.gradient_scale);
  const auto step =
      at::full({}, static_cast<double>(settings.step), values[0].options().dtype(at::kFloat).requires_grad(false));
  std::map<double, std::vector<size_t>> groups;
  for (size_t i = 0; i < values.size(); i++) groups[decay[i]].push_back(i);
  for (const auto &[strength, members] : groups) {
    const auto some = [&members = members](const std::vector<at::Tensor> &all) {
      std::vector<at::Tensor> result;
      for (const size_t i : members) result.push_back(all[i]);
      return result;
    };
    at::_fused_adamw_(some(values), some(scaled), some(first), some(second), {},
                      std::vector<at::Tensor>(members.size(), step), settings.learning_rate, settings.beta1,
                      settings.beta2, strength, settings.epsilon, false, false);
  }
}
}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" {

mhk_error mhk_total_norm(const mhk_tensor *handles, int32_t count, double *out) {
  return guarded([&] {
    at::NoGradGuard guard;
    *out = norm(list(handles, count));
  });
}

mhk_error mhk_adamw_(const mhk_tensor *parameters, const mhk_tensor *gradients, const mhk_tensor *first,
                     const mhk_tensor *second, const double *weight_decay, int32_t count, mhk_adamw settings) {
  return guarded([&] {
    if (count == 0) return;
    at::NoGradGuard guard;
    const auto values = list(parameters, count), means = list(first, count), squares = list(second, count);
    auto gradientList = list(gradients, count);
    const auto type = values[0].scalar_type();
    bool plain = true;
    for (int32_t i = 0; i < count; i++) {
      TORCH_CHECK(gradientList[i].sizes() == values[i].sizes() && means[i].sizes() == values[i].sizes() &&
                      squares[i].sizes() == values[i].sizes(),
                  "parameter ", i, ", its gradient and its moments differ in shape");
      if (gradientList[i].is_cpu()) gradientList[i] = gradientList[i].contiguous();
      for (const at::Tensor *tensor : {&values[i], &std::as_const(gradientList[i]), &means[i], &squares[i]}) {
        plain = plain && isPlain(*tensor) && tensor->scalar_type() == type;
      }
    }
    if (!plain) return elsewhere(values, gradientList, means, squares, weight_decay, settings);
    const auto number = static_cast<double>(settings.step);
    const AdamNumbers numbers{
        settings.gradient_scale,
        settings.beta1,
        settings.beta2,
        settings.epsilon,
        settings.learning_rate / (1 - std::pow(settings.beta1, number)),
        1 / std::sqrt(1 - std::pow(settings.beta2, number)),
    };
    std::vector<AdamBlock> blocks;
    for (int32_t i = 0; i < count; i++) {
      const double kept = 1 - settings.learning_rate * weight_decay[i];
      for (int64_t at = 0; at < values[i].numel(); at += blockSize) {
        blocks.push_back({address(values[i], at), address(means[i], at), address(squares[i], at),
                          address(gradientList[i], at), std::min(blockSize, values[i].numel() - at), kept});
      }
      values[i].unsafeGetTensorImpl()->bump_version();
    }
    const auto run = type == at::kDouble ? &portable::adamBlock<portable::Lane<double>> : PICK_LANES(adamBlock);
    in_parallel(static_cast<int64_t>(blocks.size()), [&](int64_t i) { run(blocks[i], numbers); });
  });
}

}  // extern "C"
