// Softmax attention of one query over keys and values in rows. Compiled per target.

template <typename L, typename E>
TARGET void attend(const AttentionTask &task) {
  const int64_t d = task.head_dim;
  const E *const keys = static_cast<const E *>(task.keys), *const values = static_cast<const E *>(task.values);
  float top = -std::numeric_limits<float>::infinity();
  for (int64_t r = 0; r < task.rows; r++) {
    L sum = L::of(0);
    for (int64_t i = 0; i < d; i += L::count)
      sum = multiplyAdd(some<L>(task.query + i, d - i), some<L>(keys + r * d + i, d - i), sum);
    task.scores[r] = sum.sum() * task.scale;
    top = top > task.scores[r] ? top : task.scores[r];
  }
  L total = L::of(0);
  for (int64_t r = 0; r < task.rows; r += L::count) {
    const int64_t left = task.rows - r;
    const L weight = exponential(some<L>(task.scores + r, left) - L::of(top));
    total = total + weight.kept(left < L::count ? left : L::count, 0);
    keep(weight, task.scores + r, left);
  }
  const float scale = 1 / total.sum();
  for (int64_t i = 0; i < d; i += L::count) {
    const int64_t left = d - i;
    L sum = L::of(0), other = L::of(0);
    int64_t r = 0;
    for (; r + 2 <= task.rows; r += 2) {
      sum = multiplyAdd(L::of(task.scores[r]), some<L>(values + r * d + i, left), sum);
      other = multiplyAdd(L::of(task.scores[r + 1]), some<L>(values + (r + 1) * d + i, left), other);
    }
    if (r < task.rows) sum = multiplyAdd(L::of(task.scores[r]), some<L>(values + r * d + i, left), sum);
    keep((sum + other) * L::of(scale), task.out + i, left);
  }
}
