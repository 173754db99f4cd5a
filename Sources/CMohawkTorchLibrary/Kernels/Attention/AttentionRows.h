// Attention tile by tile: a tile's exponentials are rounded to brain floats and multiplied with the values at once.

/// A row's exponentials are relative to a reference near its largest score so far, which moves only when a score is far
/// above it.
struct AttentionTile {
  static constexpr int64_t lanes = Lanes<float>::count;
  static constexpr int vectors = tile / lanes;
  static constexpr float slack = 20;

  const AttentionHead &head;
  const int64_t units, padded;
  uint32_t *rows, *queries, *keys, *values, *weights;
  float *sums, *references, *totals;

  static int64_t tiles(const AttentionHead &head) { return (head.length + tile - 1) / tile; }
  static int64_t rowsOf(const AttentionHead &head, int64_t index) {
    return index * tile + tile < head.length ? tile : head.length - index * tile;
  }

  template <typename Take>
  void list(Take take) {
    for (auto *array : {&rows, &queries}) take(*array, tile * units);
    take(keys, tiles(head) * units * tile);
    take(values, tiles(head) * tile / 2 * padded);
    take(weights, tile * tile / 2);
    take(sums, tile * padded);
    take(references, tile);
    take(totals, tile * lanes);
  }

  explicit AttentionTile(const AttentionHead &head)
      : head(head), units(unitsOf<BFloat16>(head.width)), padded(paddedWidth<BFloat16>(head.width)) {}

  /// Packs what all tiles of queries read, with memory of zeros.
  void pack() {
    for (int64_t t = 0; t < tiles(head); t++) {
      packColumns(head.k, t * tile, rowsOf(head, t), head.width, rows, keys + t * units * tile);
      packStacked(head.v, t * tile, rowsOf(head, t), head.width, padded, values + t * tile / 2 * padded);
    }
  }

  /// All rows of the tile of queries `index`.
  void run(int64_t index) {
    packRows(head.q, index * tile, rowsOf(head, index), head.width, queries);
    __builtin_memset(sums, 0, static_cast<size_t>(tile * padded) * sizeof(float));
    for (int64_t r = 0; r < tile; r++) references[r] = -1e30f;
    __builtin_memset(totals, 0, static_cast<size_t>(tile * lanes) * sizeof(float));
    for (int64_t t = 0; t <= index; t++) {
      if (t == index) {
        weigh<true>(keys + t * units * tile);
      } else {
        weigh<false>(keys + t * units * tile);
      }
      addProduct<BFloat16>(weights, tile / 2, 1, values + t * tile / 2 * padded, padded, tile / 2, sums);
    }
    for (int64_t r = 0; r < rowsOf(head, index); r++) {
      float total = 0;
      for (int64_t l = 0; l < lanes; l++) total += totals[r * lanes + l];
      const float share = 1 / total;
      BFloat16 *out = head.out[index * tile + r];
      int64_t j = 0;
      for (; j + lanes <= head.width; j += lanes) {
        const __m256bh some = _mm512_cvtneps_pbh((__m512)(at(sums + r * padded + j) * share));
        __builtin_memcpy(out + j, &some, sizeof some);
      }
      for (; j < head.width; j++) put(out + j, sums[r * padded + j] * share);
    }
  }

  /// The exponentials of a tile of scores, into `weights`.
  template <bool diagonal>
  void weigh(const uint32_t *columns) {
    const float factor = static_cast<float>(head.scale * 1.4426950408889634);
    for (int64_t r = 0; r < tile; r += blockRows) {
      Block<BFloat16, vectors> scores;
      scores.clear();
      scores.add(queries + r * units, units, 1, columns, tile, units);
      for (int i = 0; i < blockRows; i++) {
        Vector<float> *row = scores.sums[i];
        Vector<float> top = all(-1e30f);
        for (int v = 0; v < vectors; v++) {
          row[v] *= factor;
          if (diagonal) {
            const Vector<float> place = ramp<float>() + static_cast<float>(v * lanes);
            row[v] = place > static_cast<float>(r + i) ? all(-1e30f) : row[v];
          }
          top = larger<float>(top, row[v]);
        }
        float &reference = references[r + i];
        if (__builtin_expect(anyAbove(top, all(reference + slack)), 0)) raise(r + i, top);
        Vector<float> total = at(totals + (r + i) * lanes);
        for (int v = 0; v < vectors; v++) {
          row[v] = exp2(row[v] - reference);
          total += row[v];
        }
        at(totals + (r + i) * lanes) = total;
        for (int v = 0; v < vectors; v += 2) {
          const __m512bh both = _mm512_cvtne2ps_pbh((__m512)row[v + 1], (__m512)row[v]);
          __builtin_memcpy(weights + (r + i) * tile / 2 + v * lanes / 2, &both, sizeof both);
        }
      }
    }
  }

  /// Moves a row's reference to the largest of its scores.
  __attribute__((noinline)) void raise(int64_t row, Vector<float> scores) {
    const float next = _mm512_reduce_max_ps((__m512)scores);
    const Vector<float> change = exp2(all(references[row] - next));
    for (int64_t j = 0; j < padded; j += lanes) at(sums + row * padded + j) *= change;
    at(totals + row * lanes) *= change;
    references[row] = next;
  }
};
