// A tile of the difference: student's matrix less teacher's, its sum of squares, and the gradients that the products of
// the gradient start from.

/// What a tile gives to the gradients, T = decay · score, difference = T + D − P: gradients = difference · decay, which is
/// the gradient by C Bᵀ, and weights = difference · T below the diagonal, that by the logarithms of the decays.
template <typename E>
struct Gradients {
  using T = Sum<E>;
  static constexpr int lanes = Lanes<T>::count;
  static constexpr int64_t size = Units<E>::size;

  Unit<E> *rows;     // [tile, tile / size], units along a row
  Unit<E> *columns;  // [tile / size, tile], units down a column
  T *rowWeights;     // [tile, lanes]
  T *columnWeights;  // [tile]

  template <typename Take>
  void list(Take take) {
    take(rows, tile * tile / size);
    if (size == 1) {
      columns = rows;
    } else {
      take(columns, tile * tile / size);
    }
    take(rowWeights, tile * lanes);
    take(columnWeights, tile);
  }

  INLINE void put(int64_t row, int64_t column, Vector<float> first, Vector<float>, float *) {
    at(reinterpret_cast<float *>(rows) + row * tile + column) = first;
  }
  INLINE void put(int64_t row, int64_t column, Vector<double> first, Vector<double>, double *) {
    at(reinterpret_cast<double *>(rows) + row * tile + column) = first;
  }
#if MOHAWK_BRAIN_PRODUCTS
  /// Rows `row` and `row + 1`.
  INLINE void put(int64_t row, int64_t column, Vector<float> first, Vector<float> second, uint32_t *) {
    const __m256i above = (__m256i)_mm512_cvtneps_pbh((__m512)first);
    const __m256i below = (__m256i)_mm512_cvtneps_pbh((__m512)second);
    auto *brains = reinterpret_cast<uint16_t *>(rows);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(brains + row * tile + column), above);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(brains + (row + 1) * tile + column), below);
    const __m512i pairs = _mm512_or_si512(
        _mm512_cvtepu16_epi32(above), _mm512_slli_epi32(_mm512_cvtepu16_epi32(below), 16));
    _mm512_storeu_si512(columns + row / 2 * tile + column, pairs);
  }
#endif
};

template <typename E>
struct StudentTile {
  using T = Sum<E>;
  static constexpr int lanes = Lanes<T>::count;

  const Unit<E> *q, *k;  // rows [tile, teacherUnits], columns [teacherUnits, tile]
  int64_t teacherUnits;
  T factor;
  const T *logSums;      // [tile]
  const Unit<E> *c, *b;  // the same of the student
  int64_t studentUnits;
  int64_t count;                       // rows that are there
  const double *rowLogs, *columnLogs;  // cumulative log-decays, to base 2
  T *rowDecays, *columnDecays;         // [tile]; their product is the decay where the tile is below the diagonal
  T skip;

  /// The rows' part of the decays of tiles below the diagonal.
  void beginRows() {
    for (int64_t i = 0; i < tile; i++) rowDecays[i] = static_cast<T>(rowLogs[i] - rowLogs[0]);
    for (int64_t i = 0; i < tile; i += lanes) at(rowDecays + i) = exp2(at(rowDecays + i));
  }
  void beginColumns() {
    for (int64_t j = 0; j < tile; j++) columnDecays[j] = static_cast<T>(rowLogs[0] - columnLogs[j]);
    for (int64_t j = 0; j < tile; j += lanes) at(columnDecays + j) = exp2(at(columnDecays + j));
  }

  /// - Returns: the sum of squares of the differences.
  template <bool diagonal, bool withGradients>
  double compare(Gradients<E> &gradients) {
    constexpr int V = MOHAWK_BLOCK_VECTORS;
    Vector<T> squares[V];
    for (int v = 0; v < V; v++) squares[v] = Vector<T>{};
    if (withGradients)
      for (int64_t j = 0; j < tile; j += lanes) at(gradients.columnWeights + j) = Vector<T>{};
    if (!diagonal) beginColumns();
    for (int64_t r = 0; r < tile; r += blockRows) {
      if (diagonal)
        for (int64_t j = 0; j < tile; j++) columnDecays[j] = static_cast<T>(rowLogs[r] - columnLogs[j]);
      for (int64_t column = 0; column < tile; column += V * lanes) {
        if (diagonal && column >= r + blockRows) {
          if (withGradients) {
            for (int i = 0; i < blockRows; i += Units<E>::size)
              for (int v = 0; v < V; v++)
                gradients.put(r + i, column + v * lanes, Vector<T>{}, Vector<T>{}, static_cast<Unit<E> *>(nullptr));
          }
          continue;
        }
        compareBlock<diagonal, withGradients>(r, column, gradients, squares);
      }
    }
    double total = 0;
    for (int v = 0; v < V; v++)
      for (int l = 0; l < lanes; l++) total += squares[v][l];
    return total;
  }

  template <bool diagonal, bool withGradients>
  INLINE void compareBlock(int64_t r, int64_t column, Gradients<E> &gradients, Vector<T> *squares) {
    constexpr int V = MOHAWK_BLOCK_VECTORS;
    Vector<T> teacher[blockRows][V];
    {
      Block<E, V> scores;
      scores.clear();
      scores.add(q + r * teacherUnits, teacherUnits, 1, k + column, tile, teacherUnits);
      for (int i = 0; i < blockRows; i++)
        for (int v = 0; v < V; v++) teacher[i][v] = exp2(scores.sums[i][v] * factor - logSums[r + i]);
    }
    Block<E, V> scores;
    scores.clear();
    scores.add(c + r * studentUnits, studentUnits, 1, b + column, tile, studentUnits);
    Vector<T> columnWeights[V];
    for (int v = 0; v < V; v++) columnWeights[v] = Vector<T>{};
    Vector<T> gradient[blockRows][V];
    for (int i = 0; i < blockRows; i++) {
      Vector<T> rowWeight{};
      for (int v = 0; v < V; v++) {
        const int64_t place = column + v * lanes;
        Vector<T> decay, student, probability = teacher[i][v], weight;
        if (diagonal) {
          const T last = r + i < count ? static_cast<T>(r + i) : T(-1);
          const Vector<T> columns = ramp<T>() + static_cast<T>(place);
          const Vector<T> logs = static_cast<T>(rowLogs[r + i] - rowLogs[r]) + at(columnDecays + place);
          decay = columns > last ? Vector<T>{} : exp2(logs > T(0) ? Vector<T>{} : logs);
          probability = columns > last ? Vector<T>{} : probability;
          student = scores.sums[i][v] * decay;
          const Vector<T> own = columns == last ? all<T>(skip) : Vector<T>{};
          const Vector<T> difference = student - probability + own;
          squares[v] += difference * difference;
          gradient[i][v] = difference * decay;
          weight = columns == last ? Vector<T>{} : difference * student;
          if (withGradients && r + i < count && r + i >= place && r + i < place + lanes)
            skipGradient += difference[r + i - place];
        } else {
          decay = rowDecays[r + i] * at(columnDecays + place);
          student = scores.sums[i][v] * decay;
          const Vector<T> difference = student - probability;
          squares[v] += difference * difference;
          gradient[i][v] = difference * decay;
          weight = difference * student;
        }
        rowWeight += weight;
        columnWeights[v] += weight;
      }
      if (withGradients) at(gradients.rowWeights + (r + i) * lanes) += rowWeight;
    }
    if (withGradients) {
      for (int v = 0; v < V; v++) {
        at(gradients.columnWeights + column + v * lanes) += columnWeights[v];
        for (int i = 0; i < blockRows; i += Units<E>::size)
          gradients.put(
              r + i, column + v * lanes, gradient[i][v], gradient[i + Units<E>::size - 1][v],
              static_cast<Unit<E> *>(nullptr));
      }
    }
  }

  /// The gradient by the skip, so far.
  double skipGradient = 0;
};
