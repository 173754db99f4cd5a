// Products of small matrices in cache, by register tiles. Rows and columns are padded to multiples of `padding`, so
// that no tile has an edge. A tile's sums stay in registers through all that is added to them.

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

constexpr int tileRows = MOHAWK_TILE_ROWS;

template <typename T, int vectors>
using Tile = Vector<T>[tileRows][vectors];

/// Two matrices to multiply, `depth` numbers each: b stacked; a [rows, depth] by rows, or stacked as [depth, rows] when
/// read by columns.
template <typename U>
struct Factors {
  const U *a;
  int64_t aStride;
  const U *b;
  int64_t bStride, depth;
};

/// sums += the tile of a product at row i and column j.
template <typename E, bool byColumns, Part part, int vectors>
MOHAWK_INLINE void multiply(Tile<Sum<E>, vectors> &sums, const Factors<Unit<E>> &factors, int64_t i, int64_t j) {
  using T = Sum<E>;
  using U = Unit<E>;
  constexpr int lanes = Lanes<T>::count, size = Units<E>::size;
  const int64_t stride = factors.aStride, bStride = factors.bStride, depth = factors.depth;
  const int64_t from = part == Part::upperLeft ? i / size : 0;
  const int64_t to = (part == Part::lowerLeft && i + tileRows < depth ? i + tileRows : depth) / size;
  const U *a = factors.a + (byColumns ? i : i * stride), *b = factors.b + j;
  Tile<T, vectors> own;  // in registers for sure
  for (int r = 0; r < tileRows; r++)
    for (int v = 0; v < vectors; v++) own[r][v] = sums[r][v];
  for (int64_t k = from; k < to; k++) {
    Vector<U> right[vectors];
    for (int v = 0; v < vectors; v++) right[v] = at(b + k * bStride + v * lanes);
    for (int r = 0; r < tileRows; r++) {
      const Vector<U> left = all<U>(byColumns ? a[k * stride + r] : a[r * stride + k]);
      for (int v = 0; v < vectors; v++) multiplyAdd(own[r][v], left, right[v]);
    }
  }
  for (int r = 0; r < tileRows; r++)
    for (int v = 0; v < vectors; v++) sums[r][v] = own[r][v];
}

/// Calls `body(vectors, i, j)` for every tile that is needed: i its first row, j its first column, `vectors` how many
/// vectors wide it is, as a constant.
template <typename T, Part part, typename Body>
MOHAWK_INLINE void eachTile(int64_t rows, int64_t columns, Body body) {
  constexpr int lanes = Lanes<T>::count;
  const std::integral_constant<int, 1> one;
  const std::integral_constant<int, 2> two;
  for (int64_t j = 0; j < columns;) {
    const bool wide = j + 2 * lanes <= columns;
    int64_t i = part == Part::lowerResult ? j / tileRows * tileRows : 0;
    // Rows that reach into the first of two vectors only.
    const int64_t half = part == Part::lowerResult && wide ? (j + lanes) / tileRows * tileRows : 0;
    for (; i < half; i += tileRows) body(one, i, j);
    if (wide) {
      for (; i < rows; i += tileRows) body(two, i, j);
    } else {
      for (; i < rows; i += tileRows) body(one, i, j);
    }
    j += wide ? 2 * lanes : lanes;
  }
}

template <typename T, int vectors>
MOHAWK_INLINE void clear(Tile<T, vectors> &sums) {
  for (int r = 0; r < tileRows; r++)
    for (int v = 0; v < vectors; v++) sums[r][v] = Vector<T>{};
}
template <typename T, int vectors>
MOHAWK_INLINE void keep(const Tile<T, vectors> &sums, T *to, int64_t stride) {
  for (int r = 0; r < tileRows; r++)
    for (int v = 0; v < vectors; v++) at(to + r * stride + v * Lanes<T>::count) = sums[r][v];
}
