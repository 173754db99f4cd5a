// The functions of CMohawkTorch.h and Library.h, which call those of the library. The compiler compares each with its declaration.
#include "CMohawkTorch.h"
#include "Entry.h"
#include "Library.h"

ACTION(mhk_free, (mhk_tensor a), (a))
FUNCTION(mhk_error, mhk_same, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(int32_t, mhk_dim, (mhk_tensor a), (a))
ACTION(mhk_shape, (mhk_tensor a, int64_t *out), (a, out))
FUNCTION(int32_t, mhk_dtype, (mhk_tensor a), (a))
FUNCTION(int32_t, mhk_device_kind, (mhk_tensor a), (a))
FUNCTION(int32_t, mhk_device_index, (mhk_tensor a), (a))
FUNCTION(int64_t, mhk_numel, (mhk_tensor a), (a))
FUNCTION(int64_t, mhk_element_size, (mhk_tensor a), (a))
FUNCTION(bool, mhk_is_contiguous, (mhk_tensor a), (a))
FUNCTION(bool, mhk_requires_grad, (mhk_tensor a), (a))
FUNCTION(void *, mhk_data, (mhk_tensor a), (a))
FUNCTION(mhk_error, mhk_item_double, (mhk_tensor a, double *out), (a, out))
FUNCTION(mhk_error, mhk_item_int, (mhk_tensor a, int64_t *out), (a, out))
FUNCTION(mhk_error, mhk_clone_kept, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_copy_to_host, (mhk_tensor a, int32_t dtype, void *destination, size_t bytes),
          (a, dtype, destination, bytes))
FUNCTION(mhk_error, mhk_empty, (const int64_t *shape, int32_t dim, int32_t dtype, int32_t device, int32_t index,
          mhk_tensor *out),
          (shape, dim, dtype, device, index, out))
FUNCTION(mhk_error, mhk_full, (const int64_t *shape, int32_t dim, double value, int32_t dtype, int32_t device,
          int32_t index, mhk_tensor *out),
          (shape, dim, value, dtype, device, index, out))
FUNCTION(mhk_error, mhk_arange, (double start, double end, double step, int32_t dtype, int32_t device, int32_t index,
          mhk_tensor *out),
          (start, end, step, dtype, device, index, out))
FUNCTION(mhk_error, mhk_from_bytes, (const void *bytes, const int64_t *shape, int32_t dim, int32_t dtype,
          mhk_tensor *out),
          (bytes, shape, dim, dtype, out))
FUNCTION(mhk_error, mhk_borrow, (void *start, const int64_t *shape, const int64_t *strides, int32_t dim,
          int32_t dtype, void (*release)(void *), void *context, mhk_tensor *out),
          (start, shape, strides, dim, dtype, release, context, out))
FUNCTION(mhk_error, mhk_generator_new, (uint64_t seed, int32_t device, int32_t index, mhk_generator *out),
          (seed, device, index, out))
ACTION(mhk_generator_free, (mhk_generator g), (g))
FUNCTION(mhk_error, mhk_generator_state, (mhk_generator g, mhk_tensor *out), (g, out))
FUNCTION(mhk_error, mhk_generator_set_state, (mhk_generator g, mhk_tensor state), (g, state))
FUNCTION(mhk_error, mhk_randn, (const int64_t *shape, int32_t dim, int32_t dtype, mhk_generator g, mhk_tensor *out),
          (shape, dim, dtype, g, out))
FUNCTION(mhk_error, mhk_rand, (const int64_t *shape, int32_t dim, int32_t dtype, mhk_generator g, mhk_tensor *out),
          (shape, dim, dtype, g, out))
FUNCTION(mhk_error, mhk_randint, (int64_t low, int64_t high, const int64_t *shape, int32_t dim, mhk_generator g,
          mhk_tensor *out),
          (low, high, shape, dim, g, out))
FUNCTION(mhk_error, mhk_multinomial, (mhk_tensor a, int64_t count, mhk_generator g, mhk_tensor *out),
          (a, count, g, out))
FUNCTION(mhk_error, mhk_neg, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_abs, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_exp, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_log, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_log1p, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_sqrt, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_rsqrt, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_square, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_reciprocal, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_sin, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_cos, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_tanh, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_sigmoid, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_relu, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_softplus, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_gelu_erf, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_isfinite, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_logical_not, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_contiguous, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_detach, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_clone, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_variable_data, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_sum_all, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_mean_all, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_max_all, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_all, (mhk_tensor a, mhk_tensor *out), (a, out))
FUNCTION(mhk_error, mhk_add, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_sub, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_mul, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_div, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_maximum, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_minimum, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_eq, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_ne, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_lt, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_le, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_gt, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_ge, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_logical_and, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_logical_or, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_matmul, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_outer, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_fft_convolution, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_add_scalar, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_mul_scalar, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_pow_scalar, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_clamp_min, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_clamp_max, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_eq_scalar, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_lt_scalar, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_le_scalar, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_gt_scalar, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_ge_scalar, (mhk_tensor a, double value, mhk_tensor *out), (a, value, out))
FUNCTION(mhk_error, mhk_cumsum, (mhk_tensor a, int64_t dim, mhk_tensor *out), (a, dim, out))
FUNCTION(mhk_error, mhk_softmax, (mhk_tensor a, int64_t dim, mhk_tensor *out), (a, dim, out))
FUNCTION(mhk_error, mhk_log_softmax, (mhk_tensor a, int64_t dim, mhk_tensor *out), (a, dim, out))
FUNCTION(mhk_error, mhk_unsqueeze, (mhk_tensor a, int64_t dim, mhk_tensor *out), (a, dim, out))
FUNCTION(mhk_error, mhk_squeeze, (mhk_tensor a, int64_t dim, mhk_tensor *out), (a, dim, out))
FUNCTION(mhk_error, mhk_flip, (mhk_tensor a, int64_t dim, mhk_tensor *out), (a, dim, out))
FUNCTION(mhk_error, mhk_sum, (mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out),
          (a, dims, count, keep, out))
FUNCTION(mhk_error, mhk_mean, (mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out),
          (a, dims, count, keep, out))
FUNCTION(mhk_error, mhk_amax, (mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out),
          (a, dims, count, keep, out))
FUNCTION(mhk_error, mhk_amin, (mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out),
          (a, dims, count, keep, out))
FUNCTION(mhk_error, mhk_logsumexp, (mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out),
          (a, dims, count, keep, out))
FUNCTION(mhk_error, mhk_vector_norm, (mhk_tensor a, const int64_t *dims, int32_t count, bool keep, mhk_tensor *out),
          (a, dims, count, keep, out))
FUNCTION(mhk_error, mhk_argmax, (mhk_tensor a, int64_t dim, bool keep, mhk_tensor *out), (a, dim, keep, out))
FUNCTION(mhk_error, mhk_topk, (mhk_tensor a, int64_t k, int64_t dim, mhk_tensor *values, mhk_tensor *indices),
          (a, k, dim, values, indices))
FUNCTION(mhk_error, mhk_sort, (mhk_tensor a, int64_t dim, bool descending, mhk_tensor *values, mhk_tensor *indices),
          (a, dim, descending, values, indices))
FUNCTION(mhk_error, mhk_reshape, (mhk_tensor a, const int64_t *shape, int32_t dim, mhk_tensor *out),
          (a, shape, dim, out))
FUNCTION(mhk_error, mhk_expand, (mhk_tensor a, const int64_t *shape, int32_t dim, mhk_tensor *out),
          (a, shape, dim, out))
FUNCTION(mhk_error, mhk_permute, (mhk_tensor a, const int64_t *order, int32_t dim, mhk_tensor *out),
          (a, order, dim, out))
FUNCTION(mhk_error, mhk_transpose, (mhk_tensor a, int64_t first, int64_t second, mhk_tensor *out),
          (a, first, second, out))
FUNCTION(mhk_error, mhk_narrow, (mhk_tensor a, int64_t dim, int64_t start, int64_t length, mhk_tensor *out),
          (a, dim, start, length, out))
FUNCTION(mhk_error, mhk_select, (mhk_tensor a, int64_t dim, int64_t index, mhk_tensor *out), (a, dim, index, out))
FUNCTION(mhk_error, mhk_diagonal, (mhk_tensor a, int64_t offset, int64_t first, int64_t second, mhk_tensor *out),
          (a, offset, first, second, out))
FUNCTION(mhk_error, mhk_repeat_interleave, (mhk_tensor a, int64_t count, int64_t dim, mhk_tensor *out),
          (a, count, dim, out))
FUNCTION(mhk_error, mhk_pad, (mhk_tensor a, const int64_t *pad, int32_t count, double value, mhk_tensor *out),
          (a, pad, count, value, out))
FUNCTION(mhk_error, mhk_tril, (mhk_tensor a, int64_t diagonal, mhk_tensor *out), (a, diagonal, out))
FUNCTION(mhk_error, mhk_triu, (mhk_tensor a, int64_t diagonal, mhk_tensor *out), (a, diagonal, out))
FUNCTION(mhk_error, mhk_cat, (const mhk_tensor *list, int32_t count, int64_t dim, mhk_tensor *out),
          (list, count, dim, out))
FUNCTION(mhk_error, mhk_stack, (const mhk_tensor *list, int32_t count, int64_t dim, mhk_tensor *out),
          (list, count, dim, out))
FUNCTION(mhk_error, mhk_index_select, (mhk_tensor a, int64_t dim, mhk_tensor index, mhk_tensor *out),
          (a, dim, index, out))
FUNCTION(mhk_error, mhk_gather, (mhk_tensor a, int64_t dim, mhk_tensor index, mhk_tensor *out), (a, dim, index, out))
FUNCTION(mhk_error, mhk_where, (mhk_tensor condition, mhk_tensor a, mhk_tensor b, mhk_tensor *out),
          (condition, a, b, out))
FUNCTION(mhk_error, mhk_scatter_fill, (mhk_tensor a, int64_t dim, mhk_tensor index, double value, mhk_tensor *out),
          (a, dim, index, value, out))
FUNCTION(mhk_error, mhk_masked_fill, (mhk_tensor a, mhk_tensor mask, double value, mhk_tensor *out),
          (a, mask, value, out))
FUNCTION(mhk_error, mhk_to, (mhk_tensor a, int32_t dtype, int32_t device, int32_t index, mhk_tensor *out),
          (a, dtype, device, index, out))
FUNCTION(mhk_error, mhk_linear, (mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, mhk_tensor *out),
          (x, weight, bias_or_null, out))
FUNCTION(mhk_error, mhk_embedding, (mhk_tensor weight, mhk_tensor ids, mhk_tensor *out), (weight, ids, out))
FUNCTION(mhk_error, mhk_depthwise_conv1d, (mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, mhk_tensor *out),
          (x, weight, bias_or_null, out))
FUNCTION(mhk_error, mhk_attention, (mhk_tensor q, mhk_tensor k, mhk_tensor v, bool causal, double scale,
          mhk_tensor *out),
          (q, k, v, causal, scale, out))
FUNCTION(mhk_error, mhk_cross_entropy, (mhk_tensor logits, mhk_tensor targets, mhk_tensor *out), (logits, targets, out))
FUNCTION(mhk_error, mhk_add_, (mhk_tensor a, mhk_tensor b, double scale), (a, b, scale))
FUNCTION(mhk_error, mhk_mul_, (mhk_tensor a, mhk_tensor b), (a, b))
FUNCTION(mhk_error, mhk_mul_scalar_, (mhk_tensor a, double value), (a, value))
FUNCTION(mhk_error, mhk_clamp_min_, (mhk_tensor a, double value), (a, value))
FUNCTION(mhk_error, mhk_exp_, (mhk_tensor a), (a))
FUNCTION(mhk_error, mhk_tril_, (mhk_tensor a, int64_t diagonal), (a, diagonal))
FUNCTION(mhk_error, mhk_fill_, (mhk_tensor a, double value), (a, value))
FUNCTION(mhk_error, mhk_copy_, (mhk_tensor a, mhk_tensor source), (a, source))
FUNCTION(mhk_error, mhk_addmm_, (mhk_tensor a, mhk_tensor x, mhk_tensor y), (a, x, y))
FUNCTION(mhk_error, mhk_set_requires_grad, (mhk_tensor a, bool required), (a, required))
FUNCTION(mhk_error, mhk_backward, (mhk_tensor a, mhk_tensor gradient_or_null), (a, gradient_or_null))
FUNCTION(mhk_error, mhk_backward_completing, (mhk_tensor a, mhk_tensor gradient_or_null, bool all),
          (a, gradient_or_null, all))
FUNCTION(mhk_error, mhk_watch_begin,
          (const mhk_tensor *leaves, int32_t count, void (*found)(void *context, int32_t leaf), void *context),
          (leaves, count, found, context))
ACTION(mhk_watch_end, (void), ())
FUNCTION(mhk_error, mhk_recomputed,
          (mhk_tensor input, const mhk_tensor *leaves, int32_t count,
           void (*compute)(void *context, mhk_tensor input, mhk_tensor *out), void (*release)(void *context),
           void *context, mhk_tensor *out),
          (input, leaves, count, compute, release, context, out))
FUNCTION(mhk_error, mhk_grad, (mhk_tensor a, mhk_tensor *out_or_null), (a, out_or_null))
FUNCTION(mhk_error, mhk_set_data, (mhk_tensor a, mhk_tensor data), (a, data))
FUNCTION(mhk_error, mhk_set_grad, (mhk_tensor a, mhk_tensor gradient_or_null), (a, gradient_or_null))
FUNCTION(mhk_error, mhk_gradients, (mhk_tensor output, mhk_tensor gradient_or_null, const mhk_tensor *inputs,
          int32_t count, mhk_tensor *out),
          (output, gradient_or_null, inputs, count, out))
FUNCTION(const char *, mhk_torch_version, (void), ())
FUNCTION(const char *, mhk_cpu_capability, (void), ())
FUNCTION(const char *, mhk_build_settings, (void), ())
FUNCTION(int32_t, mhk_cuda_devices, (void), ())

ACTION(mhk_library_attach, (const mhk_host *host), (host))
FUNCTION(const mhk_thread_source *, mhk_library_threads, (void), ())
FUNCTION(bool, mhk_library_grad_enabled, (void), ())
ACTION(mhk_library_set_grad_enabled, (bool enabled), (enabled))
ACTION(mhk_library_keep_freed_memory, (void), ())
ACTION(mhk_library_release_freed_memory, (void), ())
ACTION(mhk_library_allow_mkl_features, (bool allowed), (allowed))
