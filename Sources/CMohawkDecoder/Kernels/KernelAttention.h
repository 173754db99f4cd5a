// Softmax attention of some queries over the keys and values that they share, in rows. Compiled per target.

// Rows that stay in the nearest cache while all heads read them: memory gives them once, in the order in which they lie.
constexpr int64_t near_rows = 32;

template <typename L, typename E>
INLINE void score(const float *query, const E *keys, int64_t rows, int64_t d, float scale, float *scores) {
  for (int64_t r = 0; r < rows; r++) {
    L sum = L::of(0);
    for (int64_t i = 0; i < d; i += L::count)
      sum = multiplyAdd(some<L>(query + i, d - i), some<L>(keys + r * d + i, d - i), sum);
    scores[r] = sum.sum() * scale;
  }
}

// The scores become weights that add up to 1.
template <typename L>
INLINE void softmax(float *scores, int64_t rows) {
  float top = -std::numeric_limits<float>::infinity();
  for (int64_t r = 0; r < rows; r++) top = top > scores[r] ? top : scores[r];
  L total = L::of(0);
  for (int64_t r = 0; r < rows; r += L::count) {
    const int64_t left = rows - r;
    const L weight = exponential(some<L>(scores + r, left) - L::of(top));
    total = total + weight.kept(left < L::count ? left : L::count, 0);
    keep(weight, scores + r, left);
  }
  const L scale = L::of(1 / total.sum());
  for (int64_t r = 0; r < rows; r += L::count) keep(some<L>(scores + r, rows - r) * scale, scores + r, rows - r);
}

// Adds weighted rows of values: `vectors` vectors of a row at a time.
template <typename L, int vectors, typename E>
INLINE void mixColumns(const float *weights, const E *values, int64_t rows, int64_t d, int64_t left, float *out) {
  L sum[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) sum[v] = some<L>(out + v * L::count, left - v * L::count);
  for (int64_t r = 0; r < rows; r++) {
    const L weight = L::of(weights[r]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
      sum[v] = multiplyAdd(weight, some<L>(values + r * d + v * L::count, left - v * L::count), sum[v]);
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) keep(sum[v], out + v * L::count, left - v * L::count);
}

template <typename L, typename E>
void attend(const AttentionTask &task) {
  const int64_t d = task.head_dim, width = task.value_dim, rows = task.rows;
  const E *const keys = static_cast<const E *>(task.keys), *const values = static_cast<const E *>(task.values);
  for (int64_t r = 0; r < rows; r += near_rows) {
    const int64_t own = rows - r < near_rows ? rows - r : near_rows;
    for (int64_t h = 0; h < task.heads; h++)
      score<L>(task.queries + h * d, keys + r * d, own, d, task.scale, task.scores + h * rows + r);
  }
  if (task.cap > 0) softCap<L>(task.scores, task.cap, task.heads * rows);
  for (int64_t h = 0; h < task.heads; h++) softmax<L>(task.scores + h * rows, rows);
  std::memset(task.out, 0, static_cast<size_t>(task.heads * width) * sizeof(float));
  for (int64_t r = 0; r < rows; r += near_rows) {
    const int64_t own = rows - r < near_rows ? rows - r : near_rows;
    for (int64_t h = 0; h < task.heads; h++) {
      const float *const weights = task.scores + h * rows + r;
      float *const out = task.out + h * width;
      int64_t i = 0;
      for (; i + 4 * L::count <= width; i += 4 * L::count)
        mixColumns<L, 4>(weights, values + r * width + i, own, width, 4 * L::count, out + i);
      for (; i < width; i += L::count) mixColumns<L, 1>(weights, values + r * width + i, own, width, width - i, out + i);
    }
  }
}
