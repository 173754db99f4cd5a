// One step of AdamW over all parameters of a model, and the norm of their gradients.
#ifndef MOHAWK_ADAM_H
#define MOHAWK_ADAM_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int64_t step;  // from 1
  double learning_rate, beta1, beta2, epsilon;
  double gradient_scale;  // multiplies every gradient before it is used
} mhk_adamw;

// The Euclidean norm of all elements, summed in fp64 and in an order that does not depend on the number of threads.
mhk_error mhk_total_norm(const mhk_tensor *list, int32_t count, double *out);
// Moves the parameters and both moments in place; `weight_decay` holds one number per parameter.
mhk_error mhk_adamw_(const mhk_tensor *parameters, const mhk_tensor *gradients, const mhk_tensor *first,
                     const mhk_tensor *second, const double *weight_decay, int32_t count, mhk_adamw settings);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
