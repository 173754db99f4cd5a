#include "NarrowProduct.h"

#include "MohawkInstructions.h"

#if defined(__linux__) && defined(__x86_64__)
#define HAS_MKL 1
// MKL's product of bf16 matrices that is added to one of fp32; libtorch_cpu carries it.
extern "C" __attribute__((weak)) void cblas_gemm_bf16bf16f32(int layout, int transposeA, int transposeB, int m, int n,
                                                             int k, float alpha, const void *a, int lda, const void *b,
                                                             int ldb, float beta, float *c, int ldc);
#endif

void mohawk::add_transposed_product(at::Tensor &sum, const at::Tensor &a, const at::Tensor &b, bool fresh) {
  if (a.size(0) == 0) {
    if (fresh) sum.zero_();
    return;
  }
  if (a.scalar_type() == sum.scalar_type()) {
    if (fresh) {
      at::mm_out(sum, a.t(), b);
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
  const auto product = at::mm(a.t(), b);
  if (fresh) {
    sum.copy_(product);
  } else {
    sum.add_(product);
  }
}
