// Small matrix products in registers, and the layouts that they read. A tile is `tile` rows by `tile` columns.

constexpr int64_t tile = 64;
/// Rows of a product's block.
constexpr int blockRows = 4;

/// acc += a · b in a block of registers.
template <typename E, int V, int rows = blockRows>
struct Block {
  using T = Sum<E>;
  Vector<T> sums[rows][V];

  INLINE void clear() {
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < V; v++) sums[r][v] = Vector<T>{};
  }
  INLINE void load(const T *from, int64_t stride) {
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < V; v++) sums[r][v] = at(from + r * stride + v * Lanes<T>::count);
  }
  INLINE void store(T *to, int64_t stride) const {
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < V; v++) at(to + r * stride + v * Lanes<T>::count) = sums[r][v];
  }

  /// Adds Σ_k a[r · aRow + k · aStep] b[k · bStep + ..] for `count` units k.
  INLINE void add(
      const Unit<E> *a, int64_t aRow, int64_t aStep, const Unit<E> *b, int64_t bStep, int64_t count) {
    Vector<T> local[rows][V];
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < V; v++) local[r][v] = sums[r][v];
    for (int64_t k = 0; k < count; k++) {
      Vector<Unit<E>> columns[V];
      for (int v = 0; v < V; v++) columns[v] = at(b + k * bStep + v * Lanes<T>::count);
      for (int r = 0; r < rows; r++) {
        const Vector<Unit<E>> x = all(a[r * aRow + k * aStep]);
        for (int v = 0; v < V; v++) multiplyAdd(local[r][v], x, columns[v]);
      }
    }
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < V; v++) sums[r][v] = local[r][v];
  }
};

/// to[tile, width] += a · b for a of `tile` rows; `width` is a multiple of a vector's lanes.
template <typename E, int V, int rows>
INLINE void addColumns(
    const Unit<E> *a, int64_t aRow, int64_t aStep, const Unit<E> *b, int64_t width, int64_t count, Sum<E> *to) {
  for (int64_t r = 0; r < tile; r += rows) {
    Block<E, V, rows> block;
    block.load(to + r * width, width);
    block.add(a + r * aRow, aRow, aStep, b, width, count);
    block.store(to + r * width, width);
  }
}
template <typename E>
void addProduct(
    const Unit<E> *a, int64_t aRow, int64_t aStep, const Unit<E> *b, int64_t width, int64_t count, Sum<E> *to) {
  constexpr int lanes = Lanes<Sum<E>>::count;
  int64_t column = 0;
  for (; column + MOHAWK_BLOCK_VECTORS * lanes <= width; column += MOHAWK_BLOCK_VECTORS * lanes)
    addColumns<E, MOHAWK_BLOCK_VECTORS, blockRows>(a, aRow, aStep, b + column, width, count, to + column);
  // Fewer columns take more rows: sums that do not wait for each other.
  if constexpr (MOHAWK_BLOCK_VECTORS > 2)
    for (; column + 2 * lanes <= width; column += 2 * lanes)
      addColumns<E, 2, 2 * blockRows>(a, aRow, aStep, b + column, width, count, to + column);
  for (; column < width; column += lanes)
    addColumns<E, 1, 2 * blockRows>(a, aRow, aStep, b + column, width, count, to + column);
}

template <typename E>
INLINE int64_t unitsOf(int64_t width) {
  return (width + Units<E>::size - 1) / Units<E>::size;
}
template <typename E>
INLINE int64_t paddedWidth(int64_t width) {
  constexpr int64_t lanes = Lanes<Sum<E>>::count;
  return (width + lanes - 1) / lanes * lanes;
}

/// [tile, unitsOf(width)]: units along a row. Rows from `count` on are zeros.
template <typename E>
void packRows(const Rows<const E> &from, int64_t first, int64_t count, int64_t width, Unit<E> *to) {
  const int64_t units = unitsOf<E>(width);
  for (int64_t r = 0; r < count; r++) {
    const E *row = from[first + r];
    Unit<E> *out = to + r * units;
    for (int64_t u = 0; u < width / Units<E>::size; u++)
      out[u] = Units<E>::join(row[u * Units<E>::size], row[u * Units<E>::size + Units<E>::size - 1]);
    if (width % Units<E>::size) out[units - 1] = Units<E>::join(row[width - 1], E{});
  }
  __builtin_memset(to + count * units, 0, static_cast<size_t>((tile - count) * units) * sizeof(Unit<E>));
}

/// [unitsOf(width), tile]: the same transposed, by way of `rows`, room for packed rows.
template <typename E>
void packColumns(
    const Rows<const E> &from, int64_t first, int64_t count, int64_t width, Unit<E> *rows, Unit<E> *to) {
  const int64_t units = unitsOf<E>(width);
  packRows(from, first, count, width, rows);
  for (int64_t u = 0; u < units; u++)
    for (int64_t r = 0; r < tile; r++) to[u * tile + r] = rows[r * units + u];
}

/// [tile / size, padded]: units down a column, for products that sum over rows.
template <typename E>
void packStacked(const Rows<const E> &from, int64_t first, int64_t count, int64_t width, int64_t padded, Unit<E> *to) {
  constexpr int64_t size = Units<E>::size;
  __builtin_memset(to, 0, static_cast<size_t>(tile / size * padded) * sizeof(Unit<E>));
  for (int64_t r = 0; r < count; r += size) {
    const E *row = from[first + r];
    const E *next = r + size - 1 < count ? from[first + r + size - 1] : nullptr;
    for (int64_t j = 0; j < width; j++) to[r / size * padded + j] = Units<E>::join(row[j], next ? next[j] : E{});
  }
}
