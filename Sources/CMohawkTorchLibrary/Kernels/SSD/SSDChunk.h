// One chunk of tokens in cache: states in and out, decays, stacks.

/// Numbers below this lose nothing beside 1 when exponentiated, and sums of larger ones keep more digits.
INLINE float leastLog(float) { return -100; }
INLINE double leastLog(double) { return -800; }

/// A state [rows, columns] without gaps, from and to one with padding.
template <typename T>
INLINE void gatherState(const T *from, int64_t rows, int64_t columns, T *to) {
  gather(Rows<const T>{from, columns}, 0, rows, columns, to);
}
template <typename T>
INLINE void scatterState(const T *from, int64_t rows, int64_t columns, T *to) {
  scatter(from, Rows<T>{to, columns}, 0, rows, columns);
}

/// A vector of row i from column j on, 0 where the column is above `last`, whatever stands there.
template <typename T>
INLINE Vector<T> kept(Vector<T> v, int64_t j, int64_t last) {
  return ramp<T>() + static_cast<T>(j) <= all(static_cast<T>(last)) ? v : Vector<T>{};
}

/// Decays of a chunk: sums of logarithms s_i and, from these, what survives from the start to a token, exp s_i, and
/// from a token to the end, exp(s_last − s_i).
template <typename T>
struct Decays {
  T *sums, *fromStart, *toEnd;
  T *rowParts, *columnParts;  // those between tokens of different blocks are products of two
  T whole;

  template <typename Take>
  void list(Take take, int64_t most) {
    for (auto *array : {&sums, &fromStart, &toEnd, &columnParts}) take(*array, most);
    take(rowParts, padding);
  }

  INLINE void measure(const Rows<const T> &logs, int64_t first, int64_t count) {
    T sum = 0;
    for (int64_t i = 0; i < count; i++) {
      const T log = *logs[first + i];
      sum += log < leastLog(log) ? leastLog(log) : log;
      sums[i] = sum;
    }
    for (int64_t i = count; i < padded(count); i++) sums[i] = sum;
    for (int64_t i = 0; i < padded(count); i += Lanes<T>::count) {
      at(fromStart + i) = exponential(at(sums + i));
      at(toEnd + i) = exponential(sum - at(sums + i));
    }
    whole = fromStart[count - 1];
  }

  /// Prepares `between` for the rows of the block [first, first + padding).
  INLINE void beginBlock(int64_t first) const {
    for (int64_t i = 0; i < padding; i += Lanes<T>::count)
      at(rowParts + i) = exponential(at(sums + first + i) - sums[first]);
    for (int64_t j = 0; j < first; j += Lanes<T>::count) at(columnParts + j) = exponential(sums[first] - at(sums + j));
  }
  /// exp(s_i − s_j) for row i of the block and a vector of j before it.
  INLINE Vector<T> before(int64_t i, int64_t j) const { return rowParts[i % padding] * at(columnParts + j); }
  /// The same for j inside the block, 1 where j > i.
  INLINE Vector<T> inside(int64_t i, int64_t j) const {
    return exponential(kept<T>(sums[i] - at(sums + j), j, i));
  }
};

/// Σ of two rows of units.
template <typename T, typename U>
INLINE T dotOfUnits(const U *a, const U *b, int64_t count) {
  Vector<T> total{};
  for (int64_t j = 0; j < count; j += Lanes<T>::count) total += numbersAt(a, j) * numbersAt(b, j);
  return sum<T>(total);
}

/// A matrix [rows, columns] of units along rows, stacked; where a unit is one number it is so already.
template <typename E>
INLINE const Unit<E> *stacked(int64_t rows, int64_t columns, const Unit<E> *from, Unit<E> *to) {
  if constexpr (Units<E>::size == 1) return from;
  const int64_t stride = columns / Units<E>::size;
  for (int64_t i = 0; i < rows; i += 2)
    for (int64_t j = 0; j < columns; j += Lanes<Sum<E>>::count)
      putStacked(to, columns, i, j, numbersAt(from + i * stride, j), numbersAt(from + (i + 1) * stride, j));
  return to;
}
/// The same with a factor for every row.
template <typename E>
INLINE void stackScaled(
    int64_t rows, int64_t columns, const Unit<E> *from, const Sum<E> *factors, Unit<E> *to) {
  const int64_t stride = columns / Units<E>::size;
  for (int64_t i = 0; i < rows; i += 2)
    for (int64_t j = 0; j < columns; j += Lanes<Sum<E>>::count)
      putStacked(
          to, columns, i, j, numbersAt(from + i * stride, j) * factors[i],
          numbersAt(from + (i + 1) * stride, j) * factors[i + 1]);
}
/// A matrix of sums, stacked.
template <typename E>
INLINE const Unit<E> *stackedSums(int64_t rows, int64_t columns, const Sum<E> *from, Unit<E> *to) {
  if constexpr (Units<E>::size == 1) {
    return from;
  } else {
    for (int64_t i = 0; i < rows; i += 2)
      for (int64_t j = 0; j < columns; j += Lanes<Sum<E>>::count)
        putStacked(to, columns, i, j, at(from + i * columns + j), at(from + (i + 1) * columns + j));
    return to;
  }
}
/// A matrix of sums, transposed and stacked: [columns / size, rows]. `room` is for as many units.
template <typename E>
INLINE void transposeSums(int64_t rows, int64_t columns, const Sum<E> *from, Unit<E> *room, Unit<E> *to) {
  if constexpr (Units<E>::size == 1) {
    transpose(rows, columns, from, columns, to, rows);
  } else {
    const int64_t stride = columns / Units<E>::size;
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < columns; j += Lanes<Sum<E>>::count) putRow(room + i * stride, j, at(from + i * columns + j));
    transpose(rows, stride, room, stride, to, rows);
  }
}
