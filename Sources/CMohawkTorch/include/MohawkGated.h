// Activations of the form x · sigmoid(polynomial of x), alone or as the gate of another tensor.
#ifndef MOHAWK_GATED_H
#define MOHAWK_GATED_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

enum { MHK_SILU = 0, MHK_GELU_TANH = 1 };

// activation(x), times `factor`, of the same shape, when there is one. Only what goes in is kept for the backward pass.
mhk_error mhk_gated(mhk_tensor x, mhk_tensor factor_or_null, int32_t activation, mhk_tensor *out);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
