// Weight matrices in the formats that decoding reads: packing, unpacking and products. Pointers to numbers of the
// caller; no tensors.
#ifndef MOHAWK_WEIGHT_MATRIX_H
#define MOHAWK_WEIGHT_MATRIX_H

#include "MohawkBase.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// Plain rows of fp32 and of bf16, and groups of 32 columns at 8 and at 4 bits with a scale of 16 bits.
enum { MHK_F32 = 0, MHK_BF16 = 1, MHK_Q8 = 2, MHK_Q4 = 3 };

// A matrix [rows, columns]; `data` has mhk_matrix_bytes.
typedef struct {
  int32_t format;
  int64_t rows;
  int64_t columns;
  const void *MHK_NULLABLE data;
} mhk_matrix;

int64_t mhk_matrix_bytes(int32_t format, int64_t rows, int64_t columns);
// Writes plain rows in another format. `importance`: how much each column's squared error counts.
void mhk_matrix_pack(mhk_matrix source, int32_t format, const float *MHK_NULLABLE importance, void *out);
// The rows begin ≤ r < end as plain fp32 rows.
void mhk_matrix_unpack(mhk_matrix matrix, int64_t begin, int64_t end, float *out);
// y[count, rows] = x[count, columns] · matrixᵀ, on this thread.
void mhk_matrix_multiply(mhk_matrix matrix, const float *x, int64_t count, float *y);
// What a matrix of this format is multiplied with instead of x[count, columns]: its activations are rounded, too.
void mhk_matrix_rounded(int32_t format, const float *x, int64_t columns, int64_t count, float *out);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
