// Normalisation over the last dimension, in one pass forward and one backward.
#ifndef MOHAWK_NORM_H
#define MOHAWK_NORM_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// (x − mean) / √(variance + epsilon) · weight + bias, or without a mean when not `centred`. Computed in the weights' type,
// given out as `dtype`. Only what goes in is kept for the backward pass.
mhk_error mhk_norm(mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, double epsilon, bool centred, int32_t dtype,
                   mhk_tensor *out);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
