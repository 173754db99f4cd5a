#include "Translation.h"
#include "Kernels/Projection/NarrowProduct.h"

using namespace mohawk;

namespace {

// The convolution of two sequences along the last dimension, as long as the first: a power of two of points holds both
// without wrapping round.
at::Tensor fourierConvolution(const at::Tensor &a, const at::Tensor &b) {
  int64_t points = 1;
  while (points < a.size(-1) + b.size(-1) - 1) points *= 2;
  auto product = at::fft_rfft(a, points) * at::fft_rfft(b, points);
  return at::fft_irfft(product, points).narrow(-1, 0, a.size(-1));
}

}  // namespace

#define UNARY(name, expression)                                  \
  mhk_error mhk_##name(mhk_tensor handle, mhk_tensor *out) {     \
    return guarded([&] {                                         \
      auto &a = get(handle);                                     \
      *out = wrap(expression);                                   \
    });                                                          \
  }
#define BINARY(name, expression)                                                   \
  mhk_error mhk_##name(mhk_tensor first, mhk_tensor second, mhk_tensor *out) {     \
    return guarded([&] {                                                           \
      auto &a = get(first);                                                        \
      auto &b = get(second);                                                       \
      *out = wrap(expression);                                                     \
    });                                                                            \
  }
#define SCALAR(name, expression)                                             \
  mhk_error mhk_##name(mhk_tensor handle, double value, mhk_tensor *out) {   \
    return guarded([&] {                                                     \
      auto &a = get(handle);                                                 \
      *out = wrap(expression);                                               \
    });                                                                      \
  }
#define ALONG(name, expression)                                             \
  mhk_error mhk_##name(mhk_tensor handle, int64_t dim, mhk_tensor *out) {   \
    return guarded([&] {                                                    \
      auto &a = get(handle);                                                \
      *out = wrap(expression);                                              \
    });                                                                     \
  }
#define REDUCTION(name, expression)                                                                         \
  mhk_error mhk_##name(mhk_tensor handle, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out) { \
    return guarded([&] {                                                                                    \
      auto &a = get(handle);                                                                                \
      auto over = ints(dims, count);                                                                        \
      *out = wrap(expression);                                                                              \
    });                                                                                                     \
  }

extern "C" {

UNARY(neg, a.neg())
UNARY(abs, a.abs())
UNARY(exp, a.exp())
UNARY(log, a.log())
UNARY(log1p, a.log1p())
UNARY(sqrt, a.sqrt())
UNARY(rsqrt, a.rsqrt())
UNARY(square, a.square())
UNARY(reciprocal, a.reciprocal())
UNARY(sin, a.sin())
UNARY(cos, a.cos())
UNARY(tanh, a.tanh())
UNARY(sigmoid, a.sigmoid())
UNARY(relu, at::relu(a))
UNARY(softplus, at::softplus(a))
UNARY(gelu_erf, at::gelu(a, "none"))
UNARY(isfinite, at::isfinite(a))
UNARY(logical_not, a.logical_not())
UNARY(contiguous, a.contiguous())
UNARY(detach, a.detach())
UNARY(clone, a.clone())
UNARY(variable_data, a.variable_data())
UNARY(sum_all, a.sum())
UNARY(mean_all, a.mean())
UNARY(max_all, a.max())
UNARY(all, a.all())

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a *b)
BINARY(div, a / b)
BINARY(maximum, at::maximum(a, b))
BINARY(minimum, at::minimum(a, b))
BINARY(eq, a == b)
BINARY(ne, a != b)
BINARY(lt, a < b)
BINARY(le, a <= b)
BINARY(gt, a > b)
BINARY(ge, a >= b)
BINARY(logical_and, a.logical_and(b))
BINARY(logical_or, a.logical_or(b))
BINARY(matmul, differentiable_product(a, b))
BINARY(outer, at::outer(a, b))
BINARY(fft_convolution, fourierConvolution(a, b))

SCALAR(add_scalar, a + value)
SCALAR(mul_scalar, a *value)
SCALAR(pow_scalar, a.pow(value))
SCALAR(clamp_min, a.clamp_min(value))
SCALAR(clamp_max, a.clamp_max(value))
SCALAR(eq_scalar, a == value)
SCALAR(lt_scalar, a < value)
SCALAR(le_scalar, a <= value)
SCALAR(gt_scalar, a > value)
SCALAR(ge_scalar, a >= value)

ALONG(cumsum, a.cumsum(dim))
ALONG(softmax, a.softmax(dim))
ALONG(log_softmax, a.log_softmax(dim))
ALONG(unsqueeze, a.unsqueeze(dim))
ALONG(squeeze, a.squeeze(dim))
ALONG(flip, a.flip({dim}))

REDUCTION(sum, a.sum(over, keep))
REDUCTION(mean, a.mean(over, keep))
REDUCTION(amax, a.amax(over, keep))
REDUCTION(amin, a.amin(over, keep))
REDUCTION(logsumexp, a.logsumexp(over, keep))
REDUCTION(vector_norm, at::linalg_vector_norm(a, 2, over, keep))

mhk_error mhk_argmax(mhk_tensor a, int64_t dim, bool keep, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).argmax(dim, keep)); });
}
mhk_error mhk_topk(mhk_tensor a, int64_t k, int64_t dim, mhk_tensor *values, mhk_tensor *indices) {
  return guarded([&] {
    auto result = get(a).topk(k, dim);
    *values = wrap(std::get<0>(result));
    *indices = wrap(std::get<1>(result));
  });
}
mhk_error mhk_sort(mhk_tensor a, int64_t dim, bool descending, mhk_tensor *values, mhk_tensor *indices) {
  return guarded([&] {
    auto result = get(a).sort(std::optional<bool>(true), dim, descending);
    *values = wrap(std::get<0>(result));
    *indices = wrap(std::get<1>(result));
  });
}

mhk_error mhk_linear(mhk_tensor x, mhk_tensor weight, mhk_tensor bias, mhk_tensor *out) {
  return guarded([&] { *out = wrap(differentiable_linear(get(x), get(weight), optional(bias))); });
}
mhk_error mhk_embedding(mhk_tensor weight, mhk_tensor ids, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::embedding(get(weight), get(ids))); });
}
mhk_error mhk_depthwise_conv1d(mhk_tensor x, mhk_tensor weight, mhk_tensor bias, mhk_tensor *out) {
  return guarded([&] {
    int64_t channels = get(weight).size(0);
    *out = wrap(at::conv1d(get(x), get(weight), optional(bias), at::IntArrayRef{1}, at::IntArrayRef{0}, at::IntArrayRef{1}, channels));
  });
}
mhk_error mhk_cross_entropy(mhk_tensor logits, mhk_tensor targets, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::cross_entropy_loss(get(logits), get(targets))); });
}

mhk_error mhk_add_(mhk_tensor a, mhk_tensor b, double scale) {
  return guarded([&] { get(a).add_(get(b), scale); });
}
mhk_error mhk_mul_(mhk_tensor a, mhk_tensor b) {
  return guarded([&] { get(a).mul_(get(b)); });
}
mhk_error mhk_mul_scalar_(mhk_tensor a, double value) {
  return guarded([&] { get(a).mul_(value); });
}
mhk_error mhk_clamp_min_(mhk_tensor a, double value) {
  return guarded([&] { get(a).clamp_min_(value); });
}
mhk_error mhk_exp_(mhk_tensor a) {
  return guarded([&] { get(a).exp_(); });
}
mhk_error mhk_tril_(mhk_tensor a, int64_t diagonal) {
  return guarded([&] { get(a).tril_(diagonal); });
}
mhk_error mhk_fill_(mhk_tensor a, double value) {
  return guarded([&] { get(a).fill_(value); });
}
mhk_error mhk_copy_(mhk_tensor a, mhk_tensor source) {
  return guarded([&] { get(a).copy_(get(source)); });
}
mhk_error mhk_addmm_(mhk_tensor a, mhk_tensor x, mhk_tensor y) {
  return guarded([&] { get(a).addmm_(get(x), get(y)); });
}

}  // extern "C"
