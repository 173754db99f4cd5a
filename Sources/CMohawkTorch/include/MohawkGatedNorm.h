// The norm before a Mamba-2 mixer's output projection, for reading: without gradients, on CPUs.
#ifndef MOHAWK_GATED_NORM_H
#define MOHAWK_GATED_NORM_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// x · SiLU(gate), both [.., width] and of one type, fp32 or bf16, at unit mean square within each of `groups` groups of
// neighbours, times weight [width]; in `dtype`, fp32 or bf16.
mhk_error mhk_gated_norm(mhk_tensor x, mhk_tensor gate, mhk_tensor weight, int64_t groups, double epsilon,
                         int32_t dtype, mhk_tensor *out);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
