// Rows in and out of cache. Rows of one head lie far apart, where processors do not look ahead themselves: those of the
// next piece of work are copied into place while this one is computed, a few after each tile, and asked for before.

/// The rows of one chunk of one head that are yet to come.
template <typename E>
struct Incoming {
  static constexpr int64_t ahead = 8;
  struct Source {
    Rows<const E> rows, later;  // what is copied; what is asked for beside it
    int64_t width;
    Unit<E> *to;
  };
  Source sources[4];
  int count = 0;
  int64_t first = 0, tokens = 0, next = 0;
  int64_t laterFirst = 0, laterEnd = 0;  // the rows to ask for

  /// `laterShift` further on lie the rows of the same head in the chunk that comes after, of a sequence of `length`.
  void begin(int64_t from, int64_t count_, int64_t laterShift, int64_t length) {
    count = 0;
    first = from;
    tokens = count_;
    next = 0;
    laterFirst = from + laterShift;
    laterEnd = length;
  }
  /// Rows that are to lie at `to`, padded.
  void add(const Rows<const E> &rows, int64_t width, Unit<E> *to) {
    sources[count++] = {rows, {}, width, to};
    for (int64_t i = 0; i < (ahead < tokens ? ahead : tokens); i++) ask(rows[first + i], width);
  }
  /// The same of rows in cache, which are made of `raw` ones: those of the chunk after are asked for.
  void addNear(const Rows<const E> &rows, const Rows<const E> &raw, int64_t width, Unit<E> *to) {
    sources[count++] = {rows, raw, width, to};
  }

  /// Copies the next `rows` rows of every source.
  INLINE void step(int64_t rows) {
    for (int64_t r = 0; r < rows && next < tokens; r++, next++)
      for (int s = 0; s < count; s++) {
        const auto &source = sources[s];
        if (source.later.first) {
          const int64_t token = laterFirst + next;
          if (token >= 0 && token < laterEnd) ask(source.later[token], source.width);
        } else if (next + ahead < tokens) {
          ask(source.rows[first + next + ahead], source.width);
        }
        gatherRow(source.rows[first + next], source.width, source.to + next * padded(source.width) / Units<E>::size);
      }
  }
  /// Copies what is left, and zeros below.
  void finish() {
    step(tokens);
    for (int s = 0; s < count; s++) {
      const int64_t stride = padded(sources[s].width) / Units<E>::size;
      __builtin_memset(
          sources[s].to + tokens * stride, 0, static_cast<size_t>((padded(tokens) - tokens) * stride) * sizeof(Unit<E>));
    }
  }

 private:
  static INLINE void ask(const E *row, int64_t width) {
    const char *bytes = reinterpret_cast<const char *>(row);
    for (int64_t offset = 0; offset < width * static_cast<int64_t>(sizeof(E)); offset += 64)
      __builtin_prefetch(bytes + offset, 0, 2);
  }
};

#if MOHAWK_BRAIN_PRODUCTS
/// Whether whole lines of results pass by the caches. What is written in fp32 is larger than these, and a line that is
/// written as a whole need not be read before.
template <typename E>
constexpr bool passesCaches = std::is_same_v<E, float>;
INLINE void pass(float *to, Vector<float> v) { _mm512_stream_ps(to, (__m512)v); }
/// After this, other threads see what has passed.
INLINE void endPassing() { _mm_sfence(); }
#else
template <typename E>
constexpr bool passesCaches = false;
INLINE void endPassing() {}
#endif

/// Where the rows of one chunk's result go: they are written, or added where several heads share them.
template <typename E, typename T>
struct Outgoing {
  static constexpr int64_t ahead = 4 * tileRows;
  Rows<E> rows;
  Rows<T> sum;
  int64_t first, count, width;
  bool staysNear = false;  // whether the rows are read again at once

  template <int vectors>
  INLINE void put(const Tile<T, vectors> &sums, int64_t i, int64_t j) const {
    if (!passesCaches<E> && j == 0 && !sum.first && !staysNear) ask(i + ahead);
    times<tileRows>([&](auto r) __attribute__((always_inline)) {
      if (i + r >= count) return;
      if (sum.first) {
        add<vectors>(sum[first + i + r] + j, sums[r], width - j);
      } else {
        write<vectors>(rows[first + i + r] + j, sums[r], width - j, staysNear);
      }
    });
  }

 private:
  /// Asks for the rows of a later tile.
  INLINE void ask(int64_t i) const {
    const int64_t bytes = width * static_cast<int64_t>(sizeof(E));
    for (int r = 0; r < tileRows && i + r < count; r++)
      for (int64_t offset = 0; offset < bytes; offset += 64)
        __builtin_prefetch(reinterpret_cast<char *>(rows[first + i + r]) + offset, 1, 2);
  }

  template <int vectors>
  static INLINE void write(E *to, const Vector<T> *from, int64_t left, bool staysNear) {
    if constexpr (passesCaches<E>) {
      if (!staysNear && left >= vectors * Lanes<T>::count && reinterpret_cast<uintptr_t>(to) % sizeof(Vector<T>) == 0) {
        times<vectors>([&](auto v) __attribute__((always_inline)) { pass(to + v * Lanes<T>::count, from[v]); });
        return;
      }
    }
    storeRow<T, vectors>(to, from, left);
  }

  template <int vectors>
  static INLINE void add(T *to, const Vector<T> *from, int64_t left) {
    T numbers[vectors * Lanes<T>::count];
    times<vectors>([&](auto v) __attribute__((always_inline)) { at(numbers + v * Lanes<T>::count) = from[v]; });
    for (int l = 0; l < vectors * Lanes<T>::count && l < left; l++) to[l] += numbers[l];
  }
};
