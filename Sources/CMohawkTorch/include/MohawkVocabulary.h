// Losses over the vocabulary, forward and backward, whose logits exist only slice by slice.
#ifndef MOHAWK_VOCABULARY_H
#define MOHAWK_VOCABULARY_H

#include "CMohawkTorch.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// logits = (hidden · weightᵀ + bias) / divisor, with hidden [rows, width] and weight [vocabulary, width] of one type:
// fp32, fp64, or bf16 with a bias of fp32.
typedef struct {
  mhk_tensor hidden, weight;
  mhk_tensor bias_or_null;
  double divisor;
} mhk_head;

// Where gradients go: hidden's is overwritten; the others, fp32 (fp64 for fp64), are added to, or overwritten when
// `fresh`. Null for those that are not wanted.
typedef struct {
  mhk_tensor hidden_or_null, weight_or_null, bias_or_null;
  bool fresh_weight, fresh_bias;
} mhk_head_gradients;

// The mean over rows of the cross-entropy against the teacher's probabilities; gradients are those of `share` times it.
// At most `slice` rows of logits exist at a time.
mhk_error mhk_distillation_loss(mhk_head student, mhk_head teacher, double share, int64_t slice,
                                mhk_head_gradients gradients, double *loss);
// The same against the ids in `targets`, int64 [rows].
mhk_error mhk_prediction_loss(mhk_head model, mhk_tensor targets, double share, int64_t slice,
                              mhk_head_gradients gradients, double *loss);

// A sparse target: the ids that a teacher finds most likely in every row, int32 [rows, k], each once in its row; their
// probabilities, of the same shape, and the rest [rows] for all others, in the type of the head's bias. They are scaled
// to add up to 1.
typedef struct {
  mhk_tensor ids, probabilities, rest;
} mhk_top;

// The same against a sparse target: all other ids are one outcome, whose probability is the sum of theirs. Without any
// other id, the rest counts for nothing.
mhk_error mhk_sparse_distillation_loss(mhk_head student, mhk_top target, double share, int64_t slice,
                                       mhk_head_gradients gradients, double *loss);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
