// Which of the processor's instructions the kernels use.
#ifndef MOHAWK_INSTRUCTIONS_H
#define MOHAWK_INSTRUCTIONS_H

#include "MohawkBase.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// Sets of instructions, each with all of the ones before it.
enum { MHK_PORTABLE = 0, MHK_AVX2 = 1, MHK_AVX512 = 2 };

// The set in use on this thread: the best that the processor has and the limit allows.
int32_t mhk_instructions(void);
// Allows no better set than this one for kernels that are called on this thread from now on. For tests.
void mhk_limit_instructions(int32_t set);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
