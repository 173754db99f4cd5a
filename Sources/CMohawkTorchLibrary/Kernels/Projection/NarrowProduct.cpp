#include "NarrowProduct.h"

#include <algorithm>

#include "MohawkInstructions.h"

#if defined(__linux__) && defined(__x86_64__)
#define HAS_MKL 1
// MKL's product of bf16 matrices that is added to one of fp32; libtorch_cpu carries it.
extern "C" __attribute__((weak)) void cblas_gemm_bf16bf16f32(int layout, int transposeA, int transposeB, int m, int n,
                                                             int k, float alpha, const void *a, int lda, const void *b,
                                                             int ldb, float beta, float *c, int ldc);
#endif

namespace {
// Numbers of an operand that are in fp32 at once.
constexpr int64_t most = 1 << 20;

at::Tensor wide(const at::Tensor &narrow) { return narrow.to(at::kFloat); }
}  // namespace

bool mohawk::multiplies_slowly(const at::Tensor &a) {
#if defined(__x86_64__)
  return a.scalar_type() == at::kBFloat16 && a.is_cpu() && mhk_instructions() != MHK_AVX512;
#else
  return false;
#endif
}

at::Tensor mohawk::differentiable_product(const at::Tensor &a, const at::Tensor &b) {
  return multiplies_slowly(a) ? at::matmul(wide(a), wide(b)).to(a.scalar_type()) : at::matmul(a, b);
}

at::Tensor mohawk::differentiable_linear(const at::Tensor &x, const at::Tensor &weight,
                                         const std::optional<at::Tensor> &bias) {
  if (!multiplies_slowly(x)) return at::linear(x, weight, bias);
  const auto wideBias = bias ? std::optional<at::Tensor>(wide(*bias)) : std::nullopt;
  return at::linear(wide(x), wide(weight), wideBias).to(x.scalar_type());
}

void mohawk::product_out(at::Tensor &out, const at::Tensor &a, const at::Tensor &b) {
  if (!multiplies_slowly(a)) {
    at::mm_out(out, a, b);
    return;
  }
  const int64_t m = b.size(0), n = b.size(1);
  if (m <= n) {
    const auto left = wide(a);
    const int64_t block = std::max<int64_t>(most / std::max<int64_t>(m, 1), 1);
    for (int64_t j = 0; j < n; j += block) {
      const int64_t width = std::min(block, n - j);
      out.narrow(1, j, width).copy_(at::mm(left, wide(b.narrow(1, j, width))));
    }
    return;
  }
  auto sum = at::zeros({a.size(0), n}, a.options().dtype(at::kFloat));
  const int64_t block = std::max<int64_t>(most / std::max<int64_t>(n, 1), 1);
  for (int64_t j = 0; j < m; j += block) {
    const int64_t height = std::min(block, m - j);
    sum.addmm_(wide(a.narrow(1, j, height)), wide(b.narrow(0, j, height)));
  }
  out.copy_(sum);
}

at::Tensor mohawk::product(const at::Tensor &a, const at::Tensor &b) {
  auto out = at::empty({a.size(0), b.size(1)}, a.options());
  product_out(out, a, b);
  return out;
}

void mohawk::add_transposed_product(at::Tensor &sum, const at::Tensor &a, const at::Tensor &b, bool fresh) {
  if (a.size(0) == 0) {
    if (fresh) sum.zero_();
    return;
  }
  if (a.scalar_type() == sum.scalar_type()) {
    if (fresh) {
      product_out(sum, a.t(), b);
    } else {
      sum.addmm_(a.t(), b);
    }
    return;
  }
#if HAS_MKL
  if (cblas_gemm_bf16bf16f32 != nullptr && mhk_instructions() == MHK_AVX512) {
    const auto rows = static_cast<int>(a.size(0)), m = static_cast<int>(a.size(1)), n = static_cast<int>(b.size(1));
    constexpr int rowMajor = 101, plain = 111, transposed = 112;
    cblas_gemm_bf16bf16f32(rowMajor, transposed, plain, m, n, rows, 1, a.const_data_ptr(), m, b.const_data_ptr(), n,
                           fresh ? 0 : 1, sum.data_ptr<float>(), n);
    return;
  }
#endif
  const auto right = wide(b);
  const int64_t block = std::max<int64_t>(most / a.size(0), 1);
  for (int64_t i = 0; i < a.size(1); i += block) {
    const int64_t height = std::min(block, a.size(1) - i);
    auto rows = sum.narrow(0, i, height);
    const auto left = wide(a.narrow(1, i, height)).t();
    if (fresh) {
      at::mm_out(rows, left, right);
    } else {
      rows.addmm_(left, right);
    }
  }
}
