// The gate, the mean square and the scale of a row in one visit.
#include "MohawkGatedNorm.h"

#include <c10/core/GradMode.h>

#include <vector>

#include "Translation.h"
#include "Tasks.h"

namespace mohawk {
namespace {
struct GatedNormPass {
  const void *x, *gate;
  const float *weight;
  void *out;
  int64_t width, groups;
  double epsilon;
};
}  // namespace
}  // namespace mohawk

#define KERNEL "GatedNorm/GatedNormRows.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {
using c10::BFloat16;
using Rows = void (*)(const GatedNormPass &, int64_t, int64_t, float *);

Rows rows_of(at::ScalarType in, at::ScalarType out) {
  if (in == at::kFloat) return out == at::kFloat ? PICK_LANES(gatedNorm, float, float) : PICK_LANES(gatedNorm, float, BFloat16);
  return out == at::kFloat ? PICK_LANES(gatedNorm, BFloat16, float) : PICK_LANES(gatedNorm, BFloat16, BFloat16);
}

bool is_known(at::ScalarType type) { return type == at::kFloat || type == at::kBFloat16; }

at::Tensor gated_norm(const at::Tensor &x, const at::Tensor &gate, const at::Tensor &weight, int64_t groups,
                      double epsilon, at::ScalarType type) {
  TORCH_CHECK(x.is_cpu() && is_known(x.scalar_type()) && is_known(type), "this kernel is for fp32 and bf16 on CPUs");
  TORCH_CHECK(x.sizes() == gate.sizes() && x.scalar_type() == gate.scalar_type(), "the gate is another tensor's");
  TORCH_CHECK(groups > 0 && x.size(-1) == weight.numel() && x.size(-1) % groups == 0, "the weight is another width's");
  const auto in = x.contiguous(), by = gate.contiguous(), scale = weight.to(at::kFloat).contiguous();
  auto out = at::empty(in.sizes(), in.options().dtype(type));
  const GatedNormPass pass{in.const_data_ptr(), by.const_data_ptr(), scale.const_data_ptr<float>(), out.data_ptr(),
                           in.size(-1),         groups,              epsilon};
  const int64_t rows = in.numel() / std::max<int64_t>(1, pass.width);
  const auto run = rows_of(in.scalar_type(), type);
  constexpr int64_t piece = 32;
  in_parallel((rows + piece - 1) / piece, [&](int64_t i) {
    std::vector<float> row(static_cast<size_t>(pass.width / groups));
    run(pass, i * piece, std::min((i + 1) * piece, rows), row.data());
  });
  return out;
}
}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" mhk_error mhk_gated_norm(mhk_tensor x, mhk_tensor gate, mhk_tensor weight, int64_t groups, double epsilon,
                                    int32_t dtype, mhk_tensor *out) {
  return guarded([&] {
    const c10::AutoGradMode none(false);
    *out = wrap(gated_norm(get(x), get(gate), get(weight), groups, epsilon, scalar_type(dtype)));
  });
}
