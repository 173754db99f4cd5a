// The stream between layers, and distances along it.
#ifndef MOHAWK_STREAM_H
#define MOHAWK_STREAM_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// stream + first + second, of one shape, in the type of `stream`.
mhk_error mhk_stream_sum(mhk_tensor stream, mhk_tensor first, mhk_tensor second_or_null, mhk_tensor *out);
// The mean over rows of the Euclidean distance of a and b [.., width], at least fp32. Gradients flow to `a` only; where
// the distance is 0 they are.
mhk_error mhk_row_distance(mhk_tensor a, mhk_tensor b, mhk_tensor *out);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
