// The causal depth-wise convolution as one operation with its gradients, on CPUs.
#ifndef MOHAWK_CONVOLUTION_H
#define MOHAWK_CONVOLUTION_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

#ifdef __cplusplus
extern "C" {
#endif

// x [batch, length, channels], weight [channels, 1, width], bias [channels] or none, past [batch, width - 1, channels]
// or none; SiLU follows if asked for.
mhk_error mhk_causal_convolution(mhk_tensor x, mhk_tensor weight, mhk_tensor bias, mhk_tensor past, bool silu,
                                 mhk_tensor *out);

#ifdef __cplusplus
}
#endif

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
