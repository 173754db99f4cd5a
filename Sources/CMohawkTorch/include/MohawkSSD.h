// Structured state-space duality as one operation with its gradients, on CPUs.
#ifndef MOHAWK_SSD_H
#define MOHAWK_SSD_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

#ifdef __cplusplus
extern "C" {
#endif

// x [batch, length, heads, n], b and c [batch, length, qkHeads, m], log_decay [batch, length, heads], skip [heads] or
// none, state [batch, heads, n, m] or none; y as x, last as state.
mhk_error mhk_ssd(mhk_tensor x, mhk_tensor b, mhk_tensor c, mhk_tensor log_decay, mhk_tensor skip, mhk_tensor state,
                  int64_t chunk, mhk_tensor *y, mhk_tensor *last);

// A causal depth-wise convolution: weight [channels, 1, width], bias [channels] or none, and the inputs before the first,
// [batch, width - 1, channels], or none.
typedef struct {
  mhk_tensor weight, bias, past;
} mhk_convolution;

// The same of x, and of b and c whose channels lie one behind the other in of_bc, behind their convolutions.
mhk_error mhk_filtered_ssd(mhk_tensor x, mhk_tensor b, mhk_tensor c, mhk_convolution of_x, mhk_convolution of_bc,
                           mhk_tensor log_decay, mhk_tensor skip, mhk_tensor state, int64_t chunk, mhk_tensor *y,
                           mhk_tensor *last);

#ifdef __cplusplus
}
#endif

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
