// Rotary positions.
#ifndef MOHAWK_ROTARY_H
#define MOHAWK_ROTARY_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// Rotates the first dimensions of every head: i together with i + half, by the angles whose cosines and sines are given,
// [length, half] in fp32 (fp64 for fp64). x is [batch, heads, length, headDim] on the CPU in fp32, fp64 or bf16; what
// comes out lies in memory as x does.
mhk_error mhk_rotary(mhk_tensor x, mhk_tensor cosines, mhk_tensor sines, mhk_tensor *out);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
