// Products with weights that are kept in a wider type than the one that is computed in.
#ifndef MOHAWK_PROJECTION_H
#define MOHAWK_PROJECTION_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// x · weightᵀ + bias over the last dimension in the type of x. The gradients of weight [out, in] and bias [out] come in
// their own types, the weight's without having been rounded to the type of x.
mhk_error mhk_projection(mhk_tensor x, mhk_tensor weight, mhk_tensor bias_or_null, mhk_tensor *out);
// The same of activation(x) · factor, one of MohawkGated.h's, which is computed anew for the backward pass and not kept.
mhk_error mhk_gated_projection(mhk_tensor x, mhk_tensor factor_or_null, int32_t activation, mhk_tensor weight,
                               mhk_tensor bias_or_null, mhk_tensor *out);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
