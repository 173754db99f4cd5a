// Two halves of a tensor.
#ifndef MOHAWK_HALVES_H
#define MOHAWK_HALVES_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// Views of the first and the second half of the last dimension.
mhk_error mhk_halves(mhk_tensor x, mhk_tensor *first, mhk_tensor *second);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
