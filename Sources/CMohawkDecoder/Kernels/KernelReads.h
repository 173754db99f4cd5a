// A head of the state-space kind over many tokens at once. Lanes are rows of the state, of which some columns at a time
// stay in registers while all tokens of a tile pass; what a row computes is what `rowStep` computes, in the same order.
// Compiled per target.

constexpr int64_t read_tile = 32;   // tokens
constexpr int64_t least_read = 12;  // tokens for which transposing the state pays

/// `vectors` vectors of `L` make a row of the state.
template <typename L, int64_t vectors>
struct HeadRead {
  static constexpr int64_t lanes = L::count, width = lanes * vectors;
  /// Lanes of `rowStep` that are in registers together, `blocks` apart: with all their columns sixteen vectors.
  static constexpr int64_t together = vectors >= 16 ? 1 : vectors * lanes <= 16 ? lanes : 16 / vectors;
  static constexpr int64_t blocks = lanes / together, columns = together * vectors;

  float *const b, *const c;      // [blocks, count, together, vectors]
  float *const state;            // [width, lanes], a column of the state after the other
  float *const inputs;           // [tile, lanes]
  float *const partial;          // [blocks, tile, lanes]

  explicit HeadRead(const HeadTask &task)
      : b(task.row), c(b + task.count * width), state(c + task.count * width), inputs(state + lanes * width),
        partial(inputs + read_tile * lanes) {}

  /// Columns of b and c in the order in which blocks meet them.
  static void gather(const float *from, int64_t step, int64_t count, float *to) {
    for (int64_t j = 0; j < blocks; j++)
      for (int64_t t = 0; t < count; t++)
        for (int64_t m = 0; m < together; m++)
          for (int64_t i = 0; i < vectors; i++) *to++ = from[t * step + i * lanes + m * blocks + j];
  }

  /// Rows of the state to columns, or back.
  void transpose(float *rows, bool back) const {
    for (int64_t i = 0; i < width; i += lanes) {
      L square[lanes];
#pragma GCC unroll 16
      for (int64_t r = 0; r < lanes; r++) square[r] = L::load(back ? state + (i + r) * lanes : rows + r * width + i);
      transposed(square);
#pragma GCC unroll 16
      for (int64_t r = 0; r < lanes; r++) square[r].store(back ? rows + r * width + i : state + (i + r) * lanes);
    }
  }

  INLINE static void halve(L *sums, int64_t count) {
    for (; count > 1; count /= 2)
      for (int64_t m = 0; m < count / 2; m++) sums[m] = sums[m] + sums[m + count / 2];
  }

  /// `count` tokens from `first` on meet the columns of block j.
  void block(const HeadTask &task, int64_t j, int64_t first, int64_t count) const {
    float *const own = state + j * lanes;
    L h[together][vectors];
#pragma GCC unroll 16
    for (int64_t m = 0; m < together; m++)
#pragma GCC unroll 16
      for (int64_t i = 0; i < vectors; i++) h[m][i] = L::load(own + (i * lanes + m * blocks) * lanes);
    const float *in = b + (j * task.count + first) * columns, *out = c + (j * task.count + first) * columns;
    const float *decays = task.decays + first * task.head_step;
    for (int64_t t = 0; t < count; t++, in += columns, out += columns, decays += task.head_step) {
      const L decay = L::of(*decays), input = L::load(inputs + t * lanes);
      L sums[together];
#pragma GCC unroll 16
      for (int64_t m = 0; m < together; m++) {
        L even = L::of(0), odd = L::of(0);
#pragma GCC unroll 16
        for (int64_t i = 0; i < vectors; i += 2) {
          h[m][i] = multiplyAdd(decay, h[m][i], input * L::of(in[m * vectors + i]));
          h[m][i + 1] = multiplyAdd(decay, h[m][i + 1], input * L::of(in[m * vectors + i + 1]));
          even = multiplyAdd(h[m][i], L::of(out[m * vectors + i]), even);
          odd = multiplyAdd(h[m][i + 1], L::of(out[m * vectors + i + 1]), odd);
        }
        sums[m] = even + odd;
      }
      halve(sums, together);
      sums[0].store(partial + (j * read_tile + t) * lanes);
    }
#pragma GCC unroll 16
    for (int64_t m = 0; m < together; m++)
#pragma GCC unroll 16
      for (int64_t i = 0; i < vectors; i++) h[m][i].store(own + (i * lanes + m * blocks) * lanes);
  }

  void run(const HeadTask &task) const {
    if (task.fresh) {
      gather(task.b, task.bc_step, task.count, b);
      gather(task.c, task.bc_step, task.count, c);
    }
    for (int64_t p = 0; p < task.head_dim; p += lanes) {
      transpose(task.state + p * width, false);
      for (int64_t first = 0; first < task.count; first += read_tile) {
        const int64_t count = task.count - first < read_tile ? task.count - first : read_tile;
        for (int64_t t = 0; t < count; t++) {
          const L x = L::load(task.x + (first + t) * task.x_step + p);
          (task.steps != nullptr ? x * L::of(task.steps[(first + t) * task.head_step]) : x).store(inputs + t * lanes);
        }
        for (int64_t j = 0; j < blocks; j++) block(task, j, first, count);
        for (int64_t t = 0; t < count; t++) {
          L sums[blocks];
          for (int64_t j = 0; j < blocks; j++) sums[j] = L::load(partial + (j * read_tile + t) * lanes);
          halve(sums, blocks);
          const L x = L::load(task.x + (first + t) * task.x_step + p);
          multiplyAdd(L::of(task.skip), x, sums[0]).store(task.y + (first + t) * task.y_step + p);
        }
      }
      transpose(task.state + p * width, true);
    }
  }
};

template <typename L>
void head(const HeadTask &task) {
  if constexpr (L::count > 1) {
    if (task.y != nullptr && task.keeps && task.count >= least_read && task.head_dim % L::count == 0 &&
        task.state_dim % L::count == 0) {
      switch (task.state_dim / L::count) {
        case 2: return HeadRead<L, 2>(task).run(task);
        case 4: return HeadRead<L, 4>(task).run(task);
        case 8: return HeadRead<L, 8>(task).run(task);
        case 16: return HeadRead<L, 16>(task).run(task);
        default: break;
      }
    }
  }
  headStep<L>(task);
}
