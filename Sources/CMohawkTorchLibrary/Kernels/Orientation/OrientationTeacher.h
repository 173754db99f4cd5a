// The teacher's rows: sums of exponentials over tiles of scores, and what only the teacher puts into some tiles.

/// Whether a lane of x is above that of y.
#if MOHAWK_VECTOR_BYTES == 64
INLINE bool anyAbove(Vector<float> x, Vector<float> y) { return _mm512_cmp_ps_mask((__m512)x, (__m512)y, _CMP_GT_OQ) != 0; }
#elif MOHAWK_VECTOR_BYTES == 32
INLINE bool anyAbove(Vector<float> x, Vector<float> y) {
  return _mm256_movemask_ps(_mm256_cmp_ps((__m256)x, (__m256)y, _CMP_GT_OQ)) != 0;
}
#else
INLINE bool anyAbove(Vector<float> x, Vector<float> y) {
  const Integers above = x > y;
  int32_t any = 0;
  for (int i = 0; i < Lanes<float>::count; i++) any |= above[i];
  return any != 0;
}
#endif
INLINE bool anyAbove(Vector<double> x, Vector<double> y) {
  bool any = false;
  for (int i = 0; i < Lanes<double>::count; i++) any = any || x[i] > y[i];
  return any;
}

/// A score that is not there, to the power of 2.
constexpr float absent = -1e30f;

/// softmax of a tile's rows of scores, as 2 to the power of score − logSum, lane by lane until the row is finished.
///
/// A lane's reference is near its largest score, not always the largest: it moves only when a score is so far above it
/// that the squares of exponentials could leave the range.
template <typename E>
struct TeacherRows {
  using T = Sum<E>;
  static constexpr int lanes = Lanes<T>::count;
  static constexpr T slack = 30;

  T *references, *sums, *squares;  // [tile, lanes]
  T *logSums;                      // [tile]

  template <typename Take>
  void list(Take take) {
    for (auto *array : {&references, &sums, &squares}) take(*array, tile * lanes);
    take(logSums, tile);
  }

  void begin() {
    for (int64_t i = 0; i < tile * lanes; i++) {
      references[i] = absent;
      sums[i] = squares[i] = 0;
    }
  }

  /// Takes the tile q · k into account, `squared` also into the sums of squares.
  template <bool diagonal, bool squared>
  void read(const Unit<E> *q, const Unit<E> *k, int64_t units, T factor) {
    constexpr int V = MOHAWK_BLOCK_VECTORS;
    for (int64_t r = 0; r < tile; r += blockRows) {
      const int64_t columns = diagonal ? r + blockRows : tile;
      for (int64_t column = 0; column < columns; column += V * lanes) {
        Block<E, V> scores;
        scores.clear();
        scores.add(q + r * units, units, 1, k + column, tile, units);
        for (int i = 0; i < blockRows; i++) {
          for (int v = 0; v < V; v++) {
            scores.sums[i][v] *= factor;
            if (diagonal) {
              const Vector<T> place = ramp<T>() + static_cast<T>(column + v * lanes);
              scores.sums[i][v] = place > static_cast<T>(r + i) ? all<T>(absent) : scores.sums[i][v];
            }
          }
          readRow<squared>(r + i, scores.sums[i]);
        }
      }
    }
  }

  template <bool squared>
  INLINE void readRow(int64_t row, const Vector<T> *scores) {
    constexpr int V = MOHAWK_BLOCK_VECTORS;
    Vector<T> &reference = at(references + row * lanes);
    Vector<T> top = scores[0];
    for (int v = 1; v < V; v++) top = larger<T>(top, scores[v]);
    if (__builtin_expect(anyAbove(top, reference + slack), 0)) {
      const Vector<T> next = larger<T>(top, reference);
      const Vector<T> change = exp2(reference - next);
      at(sums + row * lanes) *= change;
      at(squares + row * lanes) *= change * change;
      reference = next;
    }
    Vector<T> total = at(sums + row * lanes), square = at(squares + row * lanes);
    for (int v = 0; v < V; v++) {
      const Vector<T> e = exp2(scores[v] - reference);
      total += e;
      if (squared) square += e * e;
    }
    at(sums + row * lanes) = total;
    if (squared) at(squares + row * lanes) = square;
  }

  /// Writes `logSums`; rows from `count` on get one that makes their probabilities 0.
  /// - Returns: the sum of squares of the probabilities that were read as `squared`.
  double finish(int64_t count) {
    double all = 0;
    for (int64_t row = 0; row < tile; row++) {
      if (row >= count) {
        logSums[row] = -absent;
        continue;
      }
      const T *reference = references + row * lanes;
      T top = reference[0];
      for (int l = 1; l < lanes; l++) top = reference[l] > top ? reference[l] : top;
      double total = 0, square = 0;
      for (int l = 0; l < lanes; l++) {
        const double part = __builtin_exp2(static_cast<double>(reference[l]) - static_cast<double>(top));
        total += sums[row * lanes + l] * part;
        square += squares[row * lanes + l] * part * part;
      }
      logSums[row] = static_cast<T>(static_cast<double>(top) + __builtin_log2(total));
      all += square / (total * total);
    }
    return all;
  }
};
