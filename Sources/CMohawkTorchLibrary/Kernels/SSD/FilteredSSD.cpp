// Structured state-space duality behind the causal convolutions of x and of b and c: one operation where the kernels can
// filter rows as they read them, the convolutions and the operation one after the other elsewhere.
#include "Translation.h"
#include "Convolution/Convolution.h"
#include "MohawkSSD.h"
#include "SSD.h"

namespace mohawk {
namespace {

/// A convolution as its users have it.
struct Convolution {
  at::Tensor weight;  // [channels, 1, width]
  std::optional<at::Tensor> bias, past;

  SSDFilterTensors filter() const {
    return {weight.squeeze(1).t(), bias.value_or(at::Tensor()), past.value_or(at::Tensor())};
  }
  bool pastIsFree() const { return !past || !past->requires_grad(); }
  /// The convolution of some channels, [batch, length, heads, n].
  at::Tensor of(const at::Tensor &x, int64_t first) const {
    const int64_t count = x.size(2) * x.size(3);
    const auto some = [&](const std::optional<at::Tensor> &tensor) {
      return tensor ? std::optional(tensor->narrow(-1, first, count)) : std::nullopt;
    };
    return convolution(x.flatten(2), weight.narrow(0, first, count), some(bias), some(past), false).view_as(x);
  }
  void check(const at::Tensor &x, int64_t channels) const {
    TORCH_CHECK(weight.dim() == 3 && weight.size(1) == 1 && weight.size(2) > 0, "no weight of a convolution");
    TORCH_CHECK(weight.size(0) == channels, "the weight of a convolution has other channels");
    TORCH_CHECK(!bias || bias->sizes() == at::IntArrayRef({channels}), "the bias has another shape");
    const auto before = {x.size(0), weight.size(2) - 1, channels};
    TORCH_CHECK(!past || past->sizes() == at::IntArrayRef(before), "the past has another shape");
  }
};

std::pair<at::Tensor, at::Tensor> filtered_ssd(
    const at::Tensor &x, const at::Tensor &b, const at::Tensor &c, const Convolution &ofX, const Convolution &ofBC,
    const at::Tensor &log_decay, const std::optional<at::Tensor> &skip, const std::optional<at::Tensor> &state,
    int64_t chunk) {
  TORCH_CHECK(x.dim() == 4 && b.dim() == 4 && b.sizes() == c.sizes(), "no operands of SSD");
  const int64_t channels = b.size(2) * b.size(3);
  ofX.check(x, x.size(2) * x.size(3));
  ofBC.check(b, 2 * channels);
  const bool fits = ofX.weight.size(2) == ssdFilterTaps && ofBC.weight.size(2) == ssdFilterTaps &&
                    x.size(3) % ssdFilterLanes == 0 && b.size(3) % ssdFilterLanes == 0 && x.size(2) == b.size(2) &&
                    chunk >= ssdFilterTaps && ofX.pastIsFree() && ofBC.pastIsFree();
  if (fits) return ssd(x, b, c, log_decay, skip, state, chunk, ofX.filter(), ofBC.filter());
  return ssd(ofX.of(x, 0), ofBC.of(b, 0), ofBC.of(c, channels), log_decay, skip, state, chunk);
}

}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" mhk_error mhk_filtered_ssd(
    mhk_tensor x, mhk_tensor b, mhk_tensor c, mhk_convolution of_x, mhk_convolution of_bc, mhk_tensor log_decay,
    mhk_tensor skip, mhk_tensor state, int64_t chunk, mhk_tensor *y, mhk_tensor *last) {
  return guarded([&] {
    const auto given = [](const mhk_convolution &one) {
      return Convolution{get(one.weight), optional(one.bias), optional(one.past)};
    };
    auto results = filtered_ssd(
        get(x), get(b), get(c), given(of_x), given(of_bc), get(log_decay), optional(skip), optional(state), chunk);
    *y = wrap(std::move(results.first));
    *last = wrap(std::move(results.second));
  });
}
