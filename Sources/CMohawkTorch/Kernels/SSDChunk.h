// One chunk of tokens in cache: rows in and out, decays.

constexpr int64_t padding = 16;
MOHAWK_INLINE int64_t padded(int64_t n) { return (n + padding - 1) / padding * padding; }

/// Numbers below this lose nothing beside 1 when exponentiated, and sums of larger ones keep more digits.
MOHAWK_INLINE float leastLog(float) { return -100; }
MOHAWK_INLINE double leastLog(double) { return -800; }

/// Copies `count` rows of `width` numbers to rows of padded(width), zeros around.
template <typename E, typename T>
MOHAWK_INLINE void gather(const Rows<const E> &rows, int64_t first, int64_t count, int64_t width, T *to) {
  constexpr int lanes = Lanes<T>::count;
  const int64_t stride = padded(width);
  for (int64_t i = 0; i < count; i++) {
    const E *from = rows[first + i];
    T *row = to + i * stride;
    int64_t j = 0;
    for (; j + lanes <= width; j += lanes) at(row + j) = load(from + j);
    for (; j < width; j++) row[j] = one(from[j]);
    for (; j < stride; j++) row[j] = 0;
  }
  __builtin_memset(to + count * stride, 0, static_cast<size_t>((padded(count) - count) * stride) * sizeof(T));
}

template <typename E, typename T>
MOHAWK_INLINE void scatter(const T *from, const Rows<E> &rows, int64_t first, int64_t count, int64_t width) {
  constexpr int lanes = Lanes<T>::count;
  const int64_t stride = padded(width);
  for (int64_t i = 0; i < count; i++) {
    const T *row = from + i * stride;
    E *to = rows[first + i];
    int64_t j = 0;
    for (; j + lanes <= width; j += lanes) store(to + j, at(row + j));
    for (; j < width; j++) put(to + j, row[j]);
  }
}

template <typename T>
MOHAWK_INLINE void scatterAdd(const T *from, const Rows<T> &rows, int64_t first, int64_t count, int64_t width) {
  const int64_t stride = padded(width);
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < width; j++) rows[first + i][j] += from[i * stride + j];
}

/// Asks for a row ahead of its use: rows of one head lie pages apart, where processors do not look ahead themselves.
template <bool toWrite, typename E>
MOHAWK_INLINE void prefetch(const Rows<E> &rows, int64_t token, int64_t width) {
  if (rows.first == nullptr) return;
  const char *row = reinterpret_cast<const char *>(rows[token]);
  const int64_t bytes = width * static_cast<int64_t>(sizeof(E));
  for (int64_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch(row + offset, toWrite, 2);
}

/// A state [rows, columns] without gaps, from and to one with padding.
template <typename T>
MOHAWK_INLINE void gatherState(const T *from, int64_t rows, int64_t columns, T *to) {
  gather(Rows<const T>{from, columns}, 0, rows, columns, to);
}
template <typename T>
MOHAWK_INLINE void scatterState(const T *from, int64_t rows, int64_t columns, T *to) {
  scatter(from, Rows<T>{to, columns}, 0, rows, columns);
}

/// Decays of a chunk: sums of logarithms s_i and, from these, what survives from the start to a token, exp s_i, and
/// from a token to the end, exp(s_last − s_i).
template <typename T>
struct Decays {
  T *sums, *fromStart, *toEnd;
  T whole;

  MOHAWK_INLINE void measure(const Rows<const T> &logs, int64_t first, int64_t count) {
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

  /// exp(s_i − s_j) for a vector of j from `from` on, 0 where j > i.
  MOHAWK_INLINE Vector<T> row(int64_t i, int64_t from) const {
    const auto decays = exponential(sums[i] - at(sums + from));
    if (from + Lanes<T>::count <= i + 1) return decays;
    return ramp<T>() + static_cast<T>(from) <= all(static_cast<T>(i)) ? decays : Vector<T>{};
  }
};

template <typename T>
MOHAWK_INLINE T dot(const T *a, const T *b, int64_t count) {
  Vector<T> total{};
  for (int64_t j = 0; j < count; j += Lanes<T>::count) total += at(a + j) * at(b + j);
  return sum<T>(total);
}

template <typename T>
MOHAWK_INLINE void scale(T *row, T factor, int64_t count) {
  for (int64_t j = 0; j < count; j += Lanes<T>::count) at(row + j) *= factor;
}
/// row ← factor row + other · otherFactor
template <typename T>
MOHAWK_INLINE void scaleAndAdd(T *row, T factor, const T *other, T otherFactor, int64_t count) {
  for (int64_t j = 0; j < count; j += Lanes<T>::count) at(row + j) = at(row + j) * factor + at(other + j) * otherFactor;
}

/// Numbers of one thread, aligned, freed with it.
template <typename T>
struct Scratch {
  T *next, *memory;
  explicit Scratch(int64_t count)
      : next(static_cast<T *>(std::aligned_alloc(64, static_cast<size_t>((count + 64) / 16 * 16) * sizeof(T)))),
        memory(next) {}
  ~Scratch() { std::free(memory); }
  T *take(int64_t count) {
    T *taken = next;
    next += padded(count);
    return taken;
  }
};
