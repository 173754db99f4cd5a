// Rows in cache, of which only the first numbers mean something. Compiled per target.

/// Rows in cache have a multiple of this many numbers.
constexpr int64_t padding = rowPadding;
INLINE int64_t padded(int64_t n) { return (n + padding - 1) / padding * padding; }


/// Copies a row of `width` numbers to one of padded(width), zeros behind.
template <typename E, typename T>
INLINE void gatherRow(const E *from, int64_t width, T *row) {
  constexpr int lanes = Lanes<T>::count;
  const int64_t stride = padded(width);
  int64_t j = 0;
  for (; j + lanes <= width; j += lanes) at(row + j) = load(from + j);
  for (; j < width; j++) row[j] = widened(from[j]);
  for (; j < stride; j++) row[j] = 0;
}

#if MOHAWK_BRAIN_PRODUCTS
/// The same in units along rows.
INLINE void gatherRow(const BFloat16 *from, int64_t width, uint32_t *to) {
  constexpr int lanes = Lanes<float>::count;
  auto *row = reinterpret_cast<BFloat16 *>(to);
  for (int64_t j = 0; j < padded(width); j += lanes) {
    const int64_t left = width - j;
    const auto mask = static_cast<__mmask16>(left >= lanes ? 0xffff : (1u << (left > 0 ? left : 0)) - 1);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(row + j), _mm256_maskz_loadu_epi16(mask, from + j));
  }
}
#endif

/// Writes `left` numbers of a row, or as many as its vectors have.
template <typename T, int vectors, typename E>
INLINE void storeRow(E *to, const Vector<T> *from, int64_t left) {
  constexpr int lanes = Lanes<T>::count;
#if MOHAWK_BRAIN_PRODUCTS
  if constexpr (vectors == 2 && std::is_same_v<E, BFloat16>) {
    if (left >= 2 * lanes) {
      _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh((__m512)from[1], (__m512)from[0]));
      return;
    }
  }
#endif
  times<vectors>([&](auto v) __attribute__((always_inline)) {
    if (v * lanes + lanes <= left) return store(to + v * lanes, from[v]);
    T numbers[lanes];
    at(numbers) = from[v];
    for (int l = 0; l < lanes && v * lanes + l < left; l++) put(to + v * lanes + l, numbers[l]);
  });
}

/// Copies `count` rows of `width` numbers to rows of padded(width), zeros around.
template <typename E, typename T>
INLINE void gather(const Rows<const E> &rows, int64_t first, int64_t count, int64_t width, T *to) {
  const int64_t stride = padded(width);
  for (int64_t i = 0; i < count; i++) gatherRow(rows[first + i], width, to + i * stride);
  __builtin_memset(to + count * stride, 0, static_cast<size_t>((padded(count) - count) * stride) * sizeof(T));
}
template <typename E, typename T>
INLINE void scatter(const T *from, const Rows<E> &rows, int64_t first, int64_t count, int64_t width) {
  constexpr int lanes = Lanes<T>::count;
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < width; j += lanes)
      storeRow<T, 1>(rows[first + i] + j, &at(from + i * padded(width) + j), width - j);
}
