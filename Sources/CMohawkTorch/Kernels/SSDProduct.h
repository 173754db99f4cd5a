// Products of small matrices in cache, by register tiles. Rows and columns are padded to multiples of `padding`, so
// that no tile has an edge.

/// What of a product is needed, or not zero.
enum class Part {
  all,
  /// The result's lower triangle: columns up to the row's.
  lowerResult,
  /// The left matrix is lower triangular: its columns up to the row's.
  lowerLeft,
  /// The left matrix is upper triangular (a lower one, read by columns): its columns from the row's on.
  upperLeft
};

template <typename T, bool add, bool byColumns, int rows, int vectors>
MOHAWK_INLINE void tile(
    const T *a, int64_t stride, int64_t from, int64_t to, const T *b, int64_t bStride, T *c, int64_t cStride) {
  constexpr int lanes = Lanes<T>::count;
  Vector<T> sums[rows][vectors];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) sums[r][v] = add ? at(c + r * cStride + v * lanes) : Vector<T>{};
  for (int64_t k = from; k < to; k++) {
    Vector<T> right[vectors];
    for (int v = 0; v < vectors; v++) right[v] = at(b + k * bStride + v * lanes);
    for (int r = 0; r < rows; r++) {
      const T left = byColumns ? a[k * stride + r] : a[r * stride + k];
      for (int v = 0; v < vectors; v++) sums[r][v] += left * right[v];
    }
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) at(c + r * cStride + v * lanes) = sums[r][v];
}

/// c (+)= a b, with a [rows, depth] stored by rows, or by columns (then a transposed is what is stored).
template <typename T, bool add, bool byColumns, Part part>
void product(
    int64_t rows, int64_t columns, int64_t depth, const T *a, int64_t aStride, const T *b, int64_t bStride, T *c,
    int64_t cStride) {
  constexpr int height = MOHAWK_TILE_ROWS;
  constexpr int width = Lanes<T>::count;
  for (int64_t j = 0; j < columns;) {
    const bool two = j + 2 * width <= columns;
    for (int64_t i = part == Part::lowerResult ? j / height * height : 0; i < rows; i += height) {
      const int64_t from = part == Part::upperLeft ? i : 0;
      const int64_t to = part == Part::lowerLeft && i + height < depth ? i + height : depth;
      const T *left = a + (byColumns ? i : i * aStride);
      if (two) {
        tile<T, add, byColumns, height, 2>(left, aStride, from, to, b + j, bStride, c + i * cStride + j, cStride);
      } else {
        tile<T, add, byColumns, height, 1>(left, aStride, from, to, b + j, bStride, c + i * cStride + j, cStride);
      }
    }
    j += two ? 2 * width : width;
  }
}

/// [rows, columns] to [columns, rows].
MOHAWK_INLINE void transpose(
    int64_t rows, int64_t columns, const float *from, int64_t fromStride, float *to, int64_t toStride) {
  typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));
  for (int64_t i = 0; i < rows; i += 4)
    for (int64_t j = 0; j < columns; j += 4) {
      const float *p = from + i * fromStride + j;
      const Four a = *reinterpret_cast<const Four *>(p), b = *reinterpret_cast<const Four *>(p + fromStride);
      const Four c = *reinterpret_cast<const Four *>(p + 2 * fromStride);
      const Four d = *reinterpret_cast<const Four *>(p + 3 * fromStride);
      const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
      const Four AB = __builtin_shufflevector(a, b, 2, 6, 3, 7), CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      float *q = to + j * toStride + i;
      *reinterpret_cast<Four *>(q) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
      *reinterpret_cast<Four *>(q + toStride) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
      *reinterpret_cast<Four *>(q + 2 * toStride) = __builtin_shufflevector(AB, CD, 0, 1, 4, 5);
      *reinterpret_cast<Four *>(q + 3 * toStride) = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
    }
}
MOHAWK_INLINE void transpose(
    int64_t rows, int64_t columns, const double *from, int64_t fromStride, double *to, int64_t toStride) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) to[j * toStride + i] = from[i * fromStride + j];
}
