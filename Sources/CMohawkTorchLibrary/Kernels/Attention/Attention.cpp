// Attention: causal and without gradients in brain floats by a kernel of our own, else by libtorch's.
#include <ATen/core/grad_mode.h>

#include "Translation.h"
#include "WorkingMemory.h"
#include "MohawkInstructions.h"
#include "Projection/NarrowProduct.h"
#include "Tasks.h"

// After libtorch's, because of what it is called with.
#include "Attention.h"

#if defined(__x86_64__)
#include "Simd/TargetAVX512.h"
namespace mohawk::avx512 {
#include "AttentionKernel.h"
}  // namespace mohawk::avx512
#include "Simd/TargetEnd.h"
#endif

namespace mohawk {
namespace {
template <typename E>
Rows<E> rowsOf(const at::Tensor &tensor, int64_t batch, int64_t head) {
  auto *const first = static_cast<E *>(const_cast<void *>(tensor.const_data_ptr()));
  return {first + batch * tensor.stride(0) + head * tensor.stride(1), tensor.stride(2)};
}

bool isOurs(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, bool causal) {
  bool fits = causal && q.dim() == 4 && q.numel() > 0 && mhk_instructions() == MHK_AVX512;
  for (const at::Tensor *tensor : {&q, &k, &v}) {
    fits = fits && tensor->is_cpu() && tensor->scalar_type() == at::kBFloat16 && tensor->sizes() == q.sizes() &&
           tensor->stride(3) == 1 && !(at::GradMode::is_enabled() && tensor->requires_grad());
  }
  return fits;
}

at::Tensor attend(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, double scale) {
  const int64_t heads = q.size(1), length = q.size(2), width = q.size(3);
  // Heads of one token lie beside each other, as the projection that follows wants them.
  auto out = at::empty({q.size(0), length, heads, width}, q.options()).transpose(1, 2);
#if defined(__x86_64__)
  in_parallel(q.size(0) * heads, [&](int64_t i) {
    const int64_t batch = i / heads, head = i % heads;
    avx512::attend({length, width, scale, rowsOf<const BFloat16>(q, batch, head), rowsOf<const BFloat16>(k, batch, head),
                    rowsOf<const BFloat16>(v, batch, head), rowsOf<BFloat16>(out, batch, head)});
  });
#endif
  return out;
}
}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" mhk_error mhk_attention(mhk_tensor q, mhk_tensor k, mhk_tensor v, bool causal, double scale,
                                   mhk_tensor *out) {
  return guarded([&] {
    if (isOurs(get(q), get(k), get(v), causal)) {
      *out = wrap(attend(get(q), get(k), get(v), scale));
      return;
    }
    const bool isSlow = multiplies_slowly(get(q));
    const auto operand = [&](mhk_tensor narrow) { return isSlow ? get(narrow).to(at::kFloat) : get(narrow); };
    auto mixed = at::scaled_dot_product_attention(operand(q), operand(k), operand(v), std::nullopt, 0.0, causal,
                                                  std::optional<double>(scale));
    *out = wrap(isSlow ? mixed.to(at::kBFloat16) : mixed);
  });
}
