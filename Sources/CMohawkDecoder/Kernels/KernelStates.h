// States of the state-space kind, row by row: a row meets all new tokens while it is at hand. Compiled per target.

// One row of a state and one token: h ← a h + input b; returns Σ h c. With `from` ≠ `to` the row at `from` stays.
template <typename L>
INLINE float rowStep(const float *from, float *to, const float *b, const float *c, float a, float input,
                            int64_t width) {
  const L decay = L::of(a), in = L::of(input);
  L sum = L::of(0), other = L::of(0);
  int64_t i = 0;
  for (; i + 2 * L::count <= width; i += 2 * L::count) {
    const L first = multiplyAdd(decay, L::load(from + i), in * L::load(b + i));
    const L second = multiplyAdd(decay, L::load(from + i + L::count), in * L::load(b + i + L::count));
    first.store(to + i);
    second.store(to + i + L::count);
    sum = multiplyAdd(first, L::load(c + i), sum);
    other = multiplyAdd(second, L::load(c + i + L::count), other);
  }
  for (; i < width; i += L::count) {
    const int64_t left = width - i;
    const L h = multiplyAdd(decay, some<L>(from + i, left), in * some<L>(b + i, left));
    keep(h, to + i, left);
    sum = multiplyAdd(h, some<L>(c + i, left), sum);
  }
  return (sum + other).sum();
}

/// Fetches row `p` of a head, or of the one after it, to be written.
inline void fetchRow(const HeadTask &task, int64_t p) {
  const float *row = task.state + p * task.state_dim;
  if (p >= task.head_dim) {
    if (task.next == nullptr) return;
    row = task.next + (p - task.head_dim) * task.state_dim;
  }
  for (int64_t i = 0; i < task.state_dim; i += 16) __builtin_prefetch(row + i, 1);
}

template <typename L>
void headStep(const HeadTask &task) {
  const int64_t width = task.state_dim;
  constexpr int64_t ahead = 8;  // rows
  for (int64_t p = 0; p < task.head_dim; p++) {
    if (task.head_dim >= ahead) fetchRow(task, p + ahead);
    float *const state = task.state + p * width;
    float *const to = task.keeps ? state : task.row;
    const float *from = state;
    for (int64_t t = 0; t < task.count; t++) {
      const float x = task.x[t * task.x_step + p];
      const float a = task.decays[t * task.head_step];
      const float input = task.steps != nullptr ? x * task.steps[t * task.head_step] : x;
      const float *const b = task.b + t * task.bc_step;
      const float y = rowStep<L>(from, to, b, task.c + t * task.bc_step, a, input, width);
      if (task.y != nullptr) task.y[t * task.y_step + p] = y + task.skip * x;
      from = to;
    }
  }
}

template <typename L>
void scanStep(const ScanTask &task) {
  const int64_t width = task.state_dim;
  for (int64_t p = task.begin; p < task.end; p++) {
    float *const state = task.state + p * width;
    float *const to = task.keeps ? state : task.row;
    const float *from = state;
    const float *const rates = task.rates + p * width;
    for (int64_t t = 0; t < task.count; t++) {
      const float x = task.x[t * task.x_step + p], step = task.steps[t * task.x_step + p];
      const L steps = L::of(step), in = L::of(x * step);
      const float *const b = task.b + t * task.bc_step, *const c = task.c + t * task.bc_step;
      L sum = L::of(0);
      for (int64_t i = 0; i < width; i += L::count) {
        const int64_t left = width - i;
        const L a = exponential(steps * some<L>(rates + i, left));
        const L h = multiplyAdd(a, some<L>(from + i, left), in * some<L>(b + i, left));
        keep(h, to + i, left);
        sum = multiplyAdd(h, some<L>(c + i, left), sum);
      }
      if (task.y != nullptr) task.y[t * task.y_step + p] = sum.sum() + task.skip[p] * x;
      from = to;
    }
  }
}
