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

/// Calls `body(r, v)` for every vector of a tile, row by row.
template <int vectors, typename Body>
INLINE void eachVector(Body body) {
  times<tileRows>([&](auto r) __attribute__((always_inline)) {
    times<vectors>([&](auto v) __attribute__((always_inline)) { body(r, v); });
  });
}

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
INLINE void multiply(Tile<Sum<E>, vectors> &sums, const Factors<Unit<E>> &factors, int64_t i, int64_t j) {
  using T = Sum<E>;
  using U = Unit<E>;
  constexpr int lanes = Lanes<T>::count, size = Units<E>::size;
  const int64_t stride = factors.aStride, bStride = factors.bStride, depth = factors.depth;
  const int64_t from = part == Part::upperLeft ? i / size : 0;
  const int64_t to = (part == Part::lowerLeft && i + tileRows < depth ? i + tileRows : depth) / size;
  const U *b = factors.b + j, *rows[tileRows];
  times<tileRows>([&](auto r) __attribute__((always_inline)) {
    rows[r] = factors.a + (byColumns ? i + r : (i + r) * stride);
  });
  for (int64_t k = from; k < to; k++) {
    Vector<U> right[vectors];
    times<vectors>([&](auto v) __attribute__((always_inline)) { right[v] = at(b + k * bStride + v * lanes); });
    times<tileRows>([&](auto r) __attribute__((always_inline)) {
      const Vector<U> left = all<U>(byColumns ? rows[0][k * stride + r] : rows[r][k]);
      times<vectors>([&](auto v) __attribute__((always_inline)) { multiplyAdd(sums[r][v], left, right[v]); });
    });
  }
}

/// Calls `body(vectors, i, j)` for every tile that is needed: i its first row, j its first column, `vectors` how many
/// vectors wide it is, as a constant.
template <typename T, Part part, typename Body>
INLINE void eachTile(int64_t rows, int64_t columns, Body body) {
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
INLINE void clear(Tile<T, vectors> &sums) {
  eachVector<vectors>([&](auto r, auto v) __attribute__((always_inline)) { sums[r][v] = Vector<T>{}; });
}
template <typename T, int vectors>
INLINE void keep(const Tile<T, vectors> &sums, T *to, int64_t stride) {
  eachVector<vectors>(
      [&](auto r, auto v) __attribute__((always_inline)) { at(to + r * stride + v * Lanes<T>::count) = sums[r][v]; });
}
/// sums ← factor · what stands at `from`.
template <typename T, int vectors>
INLINE void take(Tile<T, vectors> &sums, const T *from, int64_t stride, T factor) {
  eachVector<vectors>([&](auto r, auto v) __attribute__((always_inline)) {
    sums[r][v] = at(from + r * stride + v * Lanes<T>::count) * factor;
  });
}
/// sums ← factors of rows ∘ sums + factor · others, which lie in units along rows.
template <typename T, int vectors, typename U>
INLINE void scaleAndAdd(Tile<T, vectors> &sums, const T *factors, const U *others, int64_t stride, T factor) {
  eachVector<vectors>([&](auto r, auto v) __attribute__((always_inline)) {
    sums[r][v] = sums[r][v] * factors[r] + numbersAt(others + r * stride, v * Lanes<T>::count) * factor;
  });
}
/// The sums times a factor per row, and what they give times `others`, by rows, written or added to a vector per row.
template <typename T, int vectors, typename U>
INLINE void scaleAndTotal(
    Tile<T, vectors> &sums, const T *factors, const U *others, int64_t stride, T *totals, bool add) {
  constexpr int lanes = Lanes<T>::count;
  times<tileRows>([&](auto r) __attribute__((always_inline)) {
    Vector<T> total{};
    times<vectors>([&](auto v) __attribute__((always_inline)) {
      sums[r][v] *= factors[r];
      total += sums[r][v] * numbersAt(others + r * stride, v * lanes);
    });
    at(totals + r * lanes) = add ? at(totals + r * lanes) + total : total;
  });
}
