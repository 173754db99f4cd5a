// Weight matrices in the formats that decoding reads, and their products with a few columns of activations.
#pragma once
#include <cstdint>

namespace mohawk {

/// How a matrix lies in memory. f32 and bf16 are plain rows as in a checkpoint; the others are described in
/// MatrixLayout.h. The numbers are part of the format of quantised files.
enum class WeightFormat : int32_t { f32 = 0, bf16 = 1, q8 = 2, q4 = 3 };

/// A matrix [rows, columns] in memory that somebody else owns and nobody changes. Quantised data is read fastest when it
/// begins at a multiple of 64 bytes.
struct WeightMatrix {
  WeightFormat format = WeightFormat::f32;
  int64_t rows = 0;
  int64_t columns = 0;
  const void *data = nullptr;
};

/// Bytes of `count` columns of activations as `prepare` writes them.
int64_t prepared_bytes(WeightFormat format, int64_t columns, int64_t count);

/// Converts `x`, fp32 [count, columns], to what `multiply` reads: rounded to bf16 for bf16 weights and to 8 bits
/// per group of 32 for quantised ones. q8 and q4 read the same.
void prepare(WeightFormat format, const float *x, int64_t columns, int64_t count, void *prepared);

/// y[c · stride + r] = Σₖ W[r, k] x[c, k], summed in fp32, for the rows begin ≤ r < end and every column c < count.
/// `begin` and `end` are multiples of `row_step`, or the number of rows. A column's result is the same to the last bit
/// whatever its companions and the rows asked for. May run on several threads at once.
void multiply(const WeightMatrix &matrix, const void *prepared, int64_t count, float *y, int64_t stride, int64_t begin,
              int64_t end);

/// What the borders between threads must be multiples of.
int64_t row_step(WeightFormat format);

/// Bytes of a matrix in this format.
int64_t packed_bytes(WeightFormat format, int64_t rows, int64_t columns);

/// Writes `source`, plain rows, as `format` into `out` of `packed_bytes`, on several threads. What 16 bits or less cannot
/// hold is rounded to the nearest; the scales of q4 are those with the least squared error, each column's counted by
/// `importance` (the mean square of what it is multiplied with) when there is one. Groups with what is not finite become
/// NaN.
void pack(WeightFormat format, const WeightMatrix &source, const float *importance, void *out);

/// The rows begin ≤ r < end (any) of a matrix as plain rows, in fp32 or rounded to bf16.
void unpack(const WeightMatrix &matrix, int64_t begin, int64_t end, float *out);
void unpack(const WeightMatrix &matrix, int64_t begin, int64_t end, uint16_t *out);

}  // namespace mohawk
