// Matrices transposed, a square of a vector's width at a time.

/// [rows, columns] to [columns, rows], both multiples of a vector's lanes.
INLINE void transpose(
    int64_t rows, int64_t columns, const float *from, int64_t fromStride, float *to, int64_t toStride) {
  constexpr int lanes = Lanes<float>::count;
  for (int64_t i = 0; i < rows; i += lanes)
    for (int64_t j = 0; j < columns; j += lanes) {
      Vector<float> square[lanes];
      for (int r = 0; r < lanes; r++) square[r] = at(from + (i + r) * fromStride + j);
      // Joining row r with row r + lanes / 2, number by number, as often as there are bits in a row's index.
      for (int step = 1; step < lanes; step *= 2) {
        Vector<float> joined[lanes];
        for (int r = 0; r < lanes / 2; r++) {
          joined[2 * r] = zippedLow(square[r], square[r + lanes / 2]);
          joined[2 * r + 1] = zippedHigh(square[r], square[r + lanes / 2]);
        }
        for (int r = 0; r < lanes; r++) square[r] = joined[r];
      }
      for (int r = 0; r < lanes; r++) at(to + (j + r) * toStride + i) = square[r];
    }
}
INLINE void transpose(
    int64_t rows, int64_t columns, const double *from, int64_t fromStride, double *to, int64_t toStride) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) to[j * toStride + i] = from[i * fromStride + j];
}
/// Here the columns may be a multiple of half the lanes.
INLINE void transpose(
    int64_t rows, int64_t columns, const uint32_t *from, int64_t fromStride, uint32_t *to, int64_t toStride) {
  const int64_t whole = columns / Lanes<float>::count * Lanes<float>::count;
  transpose(rows, whole, reinterpret_cast<const float *>(from), fromStride, reinterpret_cast<float *>(to), toStride);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = whole; j < columns; j++) to[j * toStride + i] = from[i * fromStride + j];
}
