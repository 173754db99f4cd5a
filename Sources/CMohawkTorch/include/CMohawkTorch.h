// The C interface over libtorch. Nothing but translation: no policy, no defaults, no printing.
//
// libtorch is in a library of its own, which is loaded when the first function is called that needs it: a program that
// needs none of them, such as one that decodes with the native decoder, starts without it.
//
// Every function that can fail returns NULL on success or a message that stays valid until the next call on the
// same thread. Results are written through the last parameter; a written tensor is owned by the caller.
#ifndef CMOHAWKTORCH_H
#define CMOHAWKTORCH_H

#include "MohawkBase.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  void *MHK_NULLABLE object;
} mhk_tensor;
typedef struct {
  void *object;
} mhk_generator;

// Codes of devices.
enum { MHK_CPU = 0, MHK_CUDA = 1 };

// ---- lifetime, description ----
void mhk_free(mhk_tensor a);
mhk_error mhk_same(mhk_tensor a, mhk_tensor *out);  // a second handle on the same tensor
int32_t mhk_dim(mhk_tensor a);
void mhk_shape(mhk_tensor a, int64_t *out);
int32_t mhk_dtype(mhk_tensor a);
int32_t mhk_device_kind(mhk_tensor a);
int32_t mhk_device_index(mhk_tensor a);
int64_t mhk_numel(mhk_tensor a);
int64_t mhk_element_size(mhk_tensor a);
bool mhk_is_contiguous(mhk_tensor a);
bool mhk_requires_grad(mhk_tensor a);
void *MHK_NULLABLE mhk_data(mhk_tensor a);
mhk_error mhk_item_double(mhk_tensor a, double *out);
mhk_error mhk_item_int(mhk_tensor a, int64_t *out);
// A copy apart from tensors that come and go, for those that stay.
mhk_error mhk_clone_kept(mhk_tensor a, mhk_tensor *out);
mhk_error mhk_copy_to_host(mhk_tensor a, int32_t dtype, void *destination, size_t bytes);

// ---- creation ----
mhk_error mhk_empty(const int64_t *shape, int32_t dim, int32_t dtype, int32_t device, int32_t index, mhk_tensor *out);
mhk_error mhk_full(const int64_t *shape, int32_t dim, double value, int32_t dtype, int32_t device, int32_t index,
                   mhk_tensor *out);
mhk_error mhk_arange(double start, double end, double step, int32_t dtype, int32_t device, int32_t index,
                     mhk_tensor *out);
mhk_error mhk_from_bytes(const void *bytes, const int64_t *shape, int32_t dim, int32_t dtype, mhk_tensor *out);
// A tensor over memory of somebody else, with strides in elements; `release` is called with `context` when it is gone.
mhk_error mhk_borrow(void *start, const int64_t *shape, const int64_t *strides, int32_t dim, int32_t dtype,
                     void (*release)(void *), void *context, mhk_tensor *out);

// ---- random ----
mhk_error mhk_generator_new(uint64_t seed, int32_t device, int32_t index, mhk_generator *out);
void mhk_generator_free(mhk_generator g);
mhk_error mhk_generator_state(mhk_generator g, mhk_tensor *out);
mhk_error mhk_generator_set_state(mhk_generator g, mhk_tensor state);
mhk_error mhk_randn(const int64_t *shape, int32_t dim, int32_t dtype, mhk_generator g, mhk_tensor *out);
mhk_error mhk_rand(const int64_t *shape, int32_t dim, int32_t dtype, mhk_generator g, mhk_tensor *out);
mhk_error mhk_randint(int64_t low, int64_t high, const int64_t *shape, int32_t dim, mhk_generator g, mhk_tensor *out);
mhk_error mhk_multinomial(mhk_tensor a, int64_t count, mhk_generator g, mhk_tensor *out);

// ---- one tensor to one tensor ----
#define MHK_UNARY(name) mhk_error mhk_##name(mhk_tensor a, mhk_tensor *out);
MHK_UNARY(neg) MHK_UNARY(abs) MHK_UNARY(exp) MHK_UNARY(log) MHK_UNARY(log1p) MHK_UNARY(sqrt) MHK_UNARY(rsqrt)
MHK_UNARY(square) MHK_UNARY(reciprocal) MHK_UNARY(sin) MHK_UNARY(cos) MHK_UNARY(tanh) MHK_UNARY(sigmoid)
MHK_UNARY(relu) MHK_UNARY(softplus) MHK_UNARY(gelu_erf) MHK_UNARY(isfinite)
MHK_UNARY(logical_not) MHK_UNARY(contiguous) MHK_UNARY(detach) MHK_UNARY(clone) MHK_UNARY(variable_data)
MHK_UNARY(sum_all) MHK_UNARY(mean_all) MHK_UNARY(max_all) MHK_UNARY(all)

// ---- two tensors to one ----
#define MHK_BINARY(name) mhk_error mhk_##name(mhk_tensor a, mhk_tensor b, mhk_tensor *out);
MHK_BINARY(add) MHK_BINARY(sub) MHK_BINARY(mul) MHK_BINARY(div) MHK_BINARY(maximum) MHK_BINARY(minimum)
MHK_BINARY(eq) MHK_BINARY(ne) MHK_BINARY(lt) MHK_BINARY(le) MHK_BINARY(gt) MHK_BINARY(ge) MHK_BINARY(logical_and)
MHK_BINARY(logical_or) MHK_BINARY(matmul) MHK_BINARY(outer) MHK_BINARY(fft_convolution)

// ---- with a number ----
#define MHK_SCALAR(name) mhk_error mhk_##name(mhk_tensor a, double value, mhk_tensor *out);
MHK_SCALAR(add_scalar) MHK_SCALAR(mul_scalar) MHK_SCALAR(pow_scalar) MHK_SCALAR(clamp_min) MHK_SCALAR(clamp_max)
MHK_SCALAR(eq_scalar) MHK_SCALAR(lt_scalar) MHK_SCALAR(le_scalar) MHK_SCALAR(gt_scalar) MHK_SCALAR(ge_scalar)

// ---- along a dimension ----
#define MHK_ALONG(name) mhk_error mhk_##name(mhk_tensor a, int64_t dim, mhk_tensor *out);
MHK_ALONG(cumsum) MHK_ALONG(softmax) MHK_ALONG(log_softmax) MHK_ALONG(unsqueeze) MHK_ALONG(squeeze)
MHK_ALONG(flip)
mhk_error mhk_sum(mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out);
mhk_error mhk_mean(mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out);
mhk_error mhk_amax(mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out);
mhk_error mhk_amin(mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out);
mhk_error mhk_logsumexp(mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out);
mhk_error mhk_vector_norm(mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out);
mhk_error mhk_argmax(mhk_tensor a, int64_t dim, bool keep, mhk_tensor *out);
mhk_error mhk_topk(mhk_tensor a, int64_t k, int64_t dim, mhk_tensor *values, mhk_tensor *indices);
mhk_error mhk_sort(mhk_tensor a, int64_t dim, bool descending, mhk_tensor *values, mhk_tensor *indices);

// ---- shape ----
mhk_error mhk_reshape(mhk_tensor a, const int64_t *shape, int32_t dim, mhk_tensor *out);
mhk_error mhk_expand(mhk_tensor a, const int64_t *shape, int32_t dim, mhk_tensor *out);
mhk_error mhk_permute(mhk_tensor a, const int64_t *order, int32_t dim, mhk_tensor *out);
mhk_error mhk_transpose(mhk_tensor a, int64_t first, int64_t second, mhk_tensor *out);
mhk_error mhk_narrow(mhk_tensor a, int64_t dim, int64_t start, int64_t length, mhk_tensor *out);
mhk_error mhk_select(mhk_tensor a, int64_t dim, int64_t index, mhk_tensor *out);
mhk_error mhk_diagonal(mhk_tensor a, int64_t offset, int64_t first, int64_t second, mhk_tensor *out);
mhk_error mhk_repeat_interleave(mhk_tensor a, int64_t count, int64_t dim, mhk_tensor *out);
mhk_error mhk_pad(mhk_tensor a, const int64_t *pad, int32_t count, double value, mhk_tensor *out);
mhk_error mhk_tril(mhk_tensor a, int64_t diagonal, mhk_tensor *out);
mhk_error mhk_triu(mhk_tensor a, int64_t diagonal, mhk_tensor *out);
mhk_error mhk_cat(const mhk_tensor *list, int32_t count, int64_t dim, mhk_tensor *out);
mhk_error mhk_stack(const mhk_tensor *list, int32_t count, int64_t dim, mhk_tensor *out);
mhk_error mhk_index_select(mhk_tensor a, int64_t dim, mhk_tensor index, mhk_tensor *out);
mhk_error mhk_gather(mhk_tensor a, int64_t dim, mhk_tensor index, mhk_tensor *out);
mhk_error mhk_where(mhk_tensor condition, mhk_tensor a, mhk_tensor b, mhk_tensor *out);
mhk_error mhk_scatter_fill(mhk_tensor a, int64_t dim, mhk_tensor index, double value, mhk_tensor *out);
mhk_error mhk_masked_fill(mhk_tensor a, mhk_tensor mask, double value, mhk_tensor *out);
mhk_error mhk_to(mhk_tensor a, int32_t dtype, int32_t device, int32_t index, mhk_tensor *out);

// ---- neural-network operations ----
mhk_error mhk_linear(mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, mhk_tensor *out);
mhk_error mhk_embedding(mhk_tensor weight, mhk_tensor ids, mhk_tensor *out);
mhk_error mhk_depthwise_conv1d(mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, mhk_tensor *out);
mhk_error mhk_attention(mhk_tensor q, mhk_tensor k, mhk_tensor v, bool causal, double scale, mhk_tensor *out);
mhk_error mhk_cross_entropy(mhk_tensor logits, mhk_tensor targets, mhk_tensor *out);

// ---- in place ----
mhk_error mhk_add_(mhk_tensor a, mhk_tensor b, double scale);
mhk_error mhk_mul_(mhk_tensor a, mhk_tensor b);
mhk_error mhk_mul_scalar_(mhk_tensor a, double value);
mhk_error mhk_clamp_min_(mhk_tensor a, double value);
mhk_error mhk_exp_(mhk_tensor a);
mhk_error mhk_tril_(mhk_tensor a, int64_t diagonal);
mhk_error mhk_fill_(mhk_tensor a, double value);
mhk_error mhk_copy_(mhk_tensor a, mhk_tensor source);
mhk_error mhk_addmm_(mhk_tensor a, mhk_tensor x, mhk_tensor y);

// ---- gradients ----
bool mhk_grad_enabled(void);
void mhk_set_grad_enabled(bool enabled);
mhk_error mhk_set_requires_grad(mhk_tensor a, bool required);
mhk_error mhk_backward(mhk_tensor a, mhk_tensor gradient_or_null);
// The same where no later pass reaches any leaf that this one reaches; where `all`, none reaches any leaf.
mhk_error mhk_backward_completing(mhk_tensor a, mhk_tensor gradient_or_null, bool all);
// Until `mhk_watch_end`, on the same thread: calls `found` with a leaf's place once, as soon as its gradient is complete.
mhk_error mhk_watch_begin(const mhk_tensor *leaves, int32_t count, void (*found)(void *context, int32_t leaf),
                          void *context);
void mhk_watch_end(void);
// What `compute` makes of a tensor, of which the backward pass keeps nothing but the input: it is computed again there, also
// on another thread, with gradients for the input and for `leaves`. `compute` owns its input and gives its output away.
// `release` is called once, when nobody can compute it any more.
mhk_error mhk_recomputed(mhk_tensor input, const mhk_tensor *leaves, int32_t count,
                         void (*compute)(void *context, mhk_tensor input, mhk_tensor *out),
                         void (*release)(void *context), void *context, mhk_tensor *out);
mhk_error mhk_grad(mhk_tensor a, mhk_tensor *out_or_null);  // writes a null handle when there is none
mhk_error mhk_set_data(mhk_tensor a, mhk_tensor data);  // the elements of a frozen tensor, also of another type
mhk_error mhk_set_grad(mhk_tensor a, mhk_tensor gradient_or_null);
mhk_error mhk_gradients(mhk_tensor output, mhk_tensor gradient_or_null, const mhk_tensor *inputs, int32_t count,
                        mhk_tensor *out);  // null handles for inputs the output does not depend on

// ---- the machine ----
const char *mhk_torch_version(void);
const char *mhk_cpu_capability(void);
const char *mhk_build_settings(void);
int32_t mhk_cuda_devices(void);
// Whether the library is loaded.
bool mhk_is_loaded(void);
// Whether it is, or its file can be read.
bool mhk_is_available(void);
// Tells the C library to keep large freed blocks; false where the C library has no such setting.
bool mhk_keep_freed_memory(void);
void mhk_release_freed_memory(void);
// Whether MKL may choose its kernels by processor features instead of by vendor (see MKLDispatch.cpp).
void mhk_allow_mkl_features(bool allowed);

#ifdef __cplusplus
}
#endif

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
