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

template <typename U, typename T, bool add, bool byColumns, int rows, int vectors>
MOHAWK_INLINE void tile(
    const U *a, int64_t stride, int64_t from, int64_t to, const U *b, int64_t bStride, T *c, int64_t cStride) {
  constexpr int lanes = Lanes<T>::count;
  Vector<T> sums[rows][vectors];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) sums[r][v] = add ? at(c + r * cStride + v * lanes) : Vector<T>{};
  for (int64_t k = from; k < to; k++) {
    Vector<U> right[vectors];
    for (int v = 0; v < vectors; v++) right[v] = at(b + k * bStride + v * lanes);
    for (int r = 0; r < rows; r++) {
      const Vector<U> left = all<U>(byColumns ? a[k * stride + r] : a[r * stride + k]);
      for (int v = 0; v < vectors; v++) multiplyAdd(sums[r][v], left, right[v]);
    }
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) at(c + r * cStride + v * lanes) = sums[r][v];
}

/// c (+)= a b for `depth` numbers each, b stacked, a [rows, depth] by rows, or stacked as [depth, rows] when
/// `byColumns`.
template <typename E, bool add, bool byColumns, Part part>
void product(
    int64_t rows, int64_t columns, int64_t depth, const Unit<E> *a, int64_t aStride, const Unit<E> *b, int64_t bStride,
    Sum<E> *c, int64_t cStride) {
  using U = Unit<E>;
  using T = Sum<E>;
  constexpr int height = MOHAWK_TILE_ROWS;
  constexpr int width = Lanes<T>::count, size = Units<E>::size;
  for (int64_t j = 0; j < columns;) {
    const bool two = j + 2 * width <= columns;
    int64_t i = part == Part::lowerResult ? j / height * height : 0;
    // Rows that reach into the first of two vectors only.
    const int64_t half = part == Part::lowerResult && two ? (j + width) / height * height : 0;
    for (; i < half; i += height)
      tile<U, T, add, byColumns, height, 1>(
          a + i * aStride, aStride, 0, depth / size, b + j, bStride, c + i * cStride + j, cStride);
    for (; i < rows; i += height) {
      const int64_t from = part == Part::upperLeft ? i / size : 0;
      const int64_t to = (part == Part::lowerLeft && i + height < depth ? i + height : depth) / size;
      const U *left = a + (byColumns ? i : i * aStride);
      if (two) {
        tile<U, T, add, byColumns, height, 2>(left, aStride, from, to, b + j, bStride, c + i * cStride + j, cStride);
      } else {
        tile<U, T, add, byColumns, height, 1>(left, aStride, from, to, b + j, bStride, c + i * cStride + j, cStride);
      }
    }
    j += two ? 2 * width : width;
  }
}
