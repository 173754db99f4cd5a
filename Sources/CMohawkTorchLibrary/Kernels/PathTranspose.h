// Matrices turned, a square of a vector's width at a time.

/// Of the first halves of a and b, and of the second, one number of each in turn.
#if MOHAWK_VECTOR_BYTES == 64
INLINE Vector<float> zippedLow(Vector<float> a, Vector<float> b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
INLINE Vector<float> zippedHigh(Vector<float> a, Vector<float> b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
#elif MOHAWK_VECTOR_BYTES == 32
INLINE Vector<float> zippedLow(Vector<float> a, Vector<float> b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
INLINE Vector<float> zippedHigh(Vector<float> a, Vector<float> b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#else
INLINE Vector<float> zippedLow(Vector<float> a, Vector<float> b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
INLINE Vector<float> zippedHigh(Vector<float> a, Vector<float> b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#endif

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
