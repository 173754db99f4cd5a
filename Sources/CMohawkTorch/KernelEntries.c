// The functions of the kernels' headers, which call those of the library. The compiler compares each with its
// declaration.
#include "Entry.h"
#include "MohawkAdam.h"
#include "MohawkConvolution.h"
#include "MohawkGated.h"
#include "MohawkGatedNorm.h"
#include "MohawkHalves.h"
#include "MohawkNorm.h"
#include "MohawkOrientation.h"
#include "MohawkProjection.h"
#include "MohawkRotary.h"
#include "MohawkSSD.h"
#include "MohawkStream.h"
#include "MohawkVocabulary.h"

FUNCTION(mhk_error, mhk_total_norm, (const mhk_tensor *list, int32_t count, double *out), (list, count, out))
FUNCTION(mhk_error, mhk_adamw_, (const mhk_tensor *parameters, const mhk_tensor *gradients, const mhk_tensor *first,
          const mhk_tensor *second, const double *weight_decay, int32_t count, mhk_adamw settings),
          (parameters, gradients, first, second, weight_decay, count, settings))
FUNCTION(mhk_error, mhk_causal_convolution, (mhk_tensor x, mhk_tensor weight, mhk_tensor bias, mhk_tensor past,
          bool silu, mhk_tensor *out),
          (x, weight, bias, past, silu, out))
FUNCTION(mhk_error, mhk_gated, (mhk_tensor x, mhk_tensor factor_or_null, int32_t activation, mhk_tensor *out),
          (x, factor_or_null, activation, out))
FUNCTION(mhk_error, mhk_gated_norm, (mhk_tensor x, mhk_tensor gate, mhk_tensor weight, int64_t groups,
          double epsilon, int32_t dtype, mhk_tensor *out),
          (x, gate, weight, groups, epsilon, dtype, out))
FUNCTION(mhk_error, mhk_halves, (mhk_tensor x, mhk_tensor *first, mhk_tensor *second), (x, first, second))
FUNCTION(mhk_error, mhk_norm, (mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, double epsilon,
          bool centred, int32_t dtype, mhk_tensor *out),
          (x, weight, bias_or_null, epsilon, centred, dtype, out))
FUNCTION(mhk_error, mhk_orientation, (mhk_tensor q, mhk_tensor k, double scale, mhk_tensor b, mhk_tensor c,
          mhk_tensor log_decay, mhk_tensor skip, mhk_tensor *out),
          (q, k, scale, b, c, log_decay, skip, out))
FUNCTION(mhk_error, mhk_projection, (mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, mhk_tensor *out),
          (x, weight, bias_or_null, out))
FUNCTION(mhk_error, mhk_gated_projection, (mhk_tensor x, mhk_tensor factor_or_null, int32_t activation,
          mhk_tensor weight, mhk_tensor bias_or_null, mhk_tensor *out),
          (x, factor_or_null, activation, weight, bias_or_null, out))
FUNCTION(mhk_error, mhk_rotary, (mhk_tensor x, mhk_tensor cosines, mhk_tensor sines, mhk_tensor *out),
          (x, cosines, sines, out))
FUNCTION(mhk_error, mhk_ssd, (mhk_tensor x, mhk_tensor b, mhk_tensor c, mhk_tensor log_decay, mhk_tensor skip,
          mhk_tensor state, int64_t chunk, mhk_tensor *y, mhk_tensor *last),
          (x, b, c, log_decay, skip, state, chunk, y, last))
FUNCTION(mhk_error, mhk_filtered_ssd, (mhk_tensor x, mhk_tensor b, mhk_tensor c, mhk_convolution of_x,
          mhk_convolution of_bc, mhk_tensor log_decay, mhk_tensor skip, mhk_tensor state, int64_t chunk,
          mhk_tensor *y, mhk_tensor *last),
          (x, b, c, of_x, of_bc, log_decay, skip, state, chunk, y, last))
FUNCTION(mhk_error, mhk_stream_sum, (mhk_tensor stream, mhk_tensor first, mhk_tensor second_or_null, mhk_tensor *out),
          (stream, first, second_or_null, out))
FUNCTION(mhk_error, mhk_row_distance, (mhk_tensor a, mhk_tensor b, mhk_tensor *out), (a, b, out))
FUNCTION(mhk_error, mhk_distillation_loss, (mhk_head student, mhk_head teacher, double share, int64_t slice,
          mhk_head_gradients gradients, double *loss),
          (student, teacher, share, slice, gradients, loss))
FUNCTION(mhk_error, mhk_prediction_loss, (mhk_head model, mhk_tensor targets, double share, int64_t slice,
          mhk_head_gradients gradients, double *loss),
          (model, targets, share, slice, gradients, loss))
FUNCTION(mhk_error, mhk_sparse_distillation_loss, (mhk_head student, mhk_top target, double share, int64_t slice,
          mhk_head_gradients gradients, double *loss),
          (student, target, share, slice, gradients, loss))
