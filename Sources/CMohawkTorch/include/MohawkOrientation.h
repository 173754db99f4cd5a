// Stage 1 without the matrices.
#ifndef MOHAWK_ORIENTATION_H
#define MOHAWK_ORIENTATION_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// The mean over batch and heads of |L o (C B^T) + D I - softmax(scale Q K^T)|_F, both causal, in memory that grows with
// the length: q [batch, heads, length, d], k [batch, kvHeads, length, d], b and c [batch, length, qkHeads, n], log_decay
// [batch, length, heads], skip [heads]; on the CPU. Gradients reach b, c, log_decay and skip.
mhk_error mhk_orientation(mhk_tensor q, mhk_tensor k, double scale, mhk_tensor b, mhk_tensor c, mhk_tensor log_decay,
                          mhk_tensor skip, mhk_tensor *out);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
