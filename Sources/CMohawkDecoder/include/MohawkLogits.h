// How likely logits over a vocabulary make its tokens, as sampling wants to know it.
#ifndef MOHAWK_LOGITS_H
#define MOHAWK_LOGITS_H

#include "MohawkBase.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// Logits of a block, whose weights have one sum.
enum { MHK_LOGIT_BLOCK = 256 };

// Whether all logits are numbers, none of them infinite.
bool mhk_logits_finite(const float *logits, int64_t count);
// The largest logit; at least one.
float mhk_logits_largest(const float *logits, int64_t count);
// Sums of e^((logit − peak) · scale) over each block; the last one may be shorter. To a millionth.
void mhk_logits_sums(const float *logits, int64_t count, float peak, float scale, float *sums);
// The numbers of logits that are at least `bound`, in their order; returns how many. Room for `count`.
int64_t mhk_logits_above(const float *logits, int64_t count, float bound, int32_t *numbers);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
