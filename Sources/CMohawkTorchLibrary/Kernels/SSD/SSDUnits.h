// Rows of units. A matrix is read in one of two layouts: by rows, its units along a row, or stacked, its units down a
// column, [rows / size, columns].

/// The numbers of a row from column j on.
template <typename T>
INLINE Vector<T> numbersAt(const T *row, int64_t j) {
  return at(row + j);
}
/// Writes a vector into a row of units.
template <typename T>
INLINE void putRow(T *row, int64_t j, Vector<T> v) {
  at(row + j) = v;
}
/// Writes rows i and i + 1, i even, into a stack whose rows are `stride` apart.
template <typename T>
INLINE void putStacked(T *stack, int64_t stride, int64_t i, int64_t j, Vector<T> first, Vector<T> second) {
  at(stack + i * stride + j) = first;
  at(stack + (i + 1) * stride + j) = second;
}
template <typename T>
INLINE T totalOfProducts(const T *a, const T *b, int64_t count) {
  Vector<T> total{};
  for (int64_t j = 0; j < count; j += Lanes<T>::count) total += at(a + j) * at(b + j);
  return sum<T>(total);
}

#if MOHAWK_BRAIN_PRODUCTS
INLINE Vector<float> numbersAt(const uint32_t *row, int64_t j) {
  return load(reinterpret_cast<const BFloat16 *>(row) + j);
}
INLINE void putRow(uint32_t *row, int64_t j, Vector<float> v) {
  _mm256_storeu_si256(
      reinterpret_cast<__m256i *>(reinterpret_cast<BFloat16 *>(row) + j), (__m256i)_mm512_cvtneps_pbh((__m512)v));
}
/// Two rows of 16 numbers, joined number by number.
INLINE __m512i zipped(__m512i rows) {
  const __m512i low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(rows));
  const __m512i high = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(rows, 1));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}
INLINE void putStacked(
    uint32_t *stack, int64_t stride, int64_t i, int64_t j, Vector<float> first, Vector<float> second) {
  const auto rows = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
  _mm512_storeu_si512(stack + i / 2 * stride + j, zipped(rows));
}
INLINE float totalOfProducts(const uint32_t *a, const uint32_t *b, int64_t count) {
  Vector<float> total{};
  for (int64_t j = 0; j < count; j += Lanes<float>::count) multiplyAdd(total, at(a + j), at(b + j));
  return sum<float>(total);
}
#endif
