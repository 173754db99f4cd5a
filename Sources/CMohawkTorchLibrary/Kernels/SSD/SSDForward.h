// y = (L ∘ C Bᵀ) x + (exp s ∘ C) H + D x chunk by chunk, and the state H from chunk to chunk.

/// The memory that one head of one chunk needs after the other.
template <typename E, typename T>
struct ForwardScratch {
  Unit<E> *x, *b, *c, *nextX, *nextB, *nextC, *weights;  // by rows
  Unit<E> *xStack, *bStack, *stateStack;                 // stacked
  Unit<E> *bTransposed, *transposing;
  T *scores, *turnedState;
  Decays<T> decays;
  const Arena arena;

  ForwardScratch(int64_t most, int64_t p, int64_t n)
      : arena([&](auto take) {
          for (auto *array : {&x, &nextX, &xStack}) take(*array, most * p);
          for (auto *array : {&b, &c, &nextB, &nextC, &bStack, &bTransposed}) take(*array, most * n);
          for (auto *array : {&stateStack, &transposing}) take(*array, n * p);
          take(weights, most * most);
          take(scores, most * most);
          take(turnedState, n * p);
          decays.list(take, most);
        }) {}
};

/// weights ← L ∘ scores, by rows.
template <typename E>
INLINE void weigh(const Decays<Sum<E>> &decays, const Sum<E> *scores, int64_t q, Unit<E> *weights) {
  constexpr int lanes = Lanes<Sum<E>>::count;
  const int64_t stride = q / Units<E>::size;
  for (int64_t first = 0; first < q; first += padding) {
    decays.beginBlock(first);
    for (int64_t i = first; i < first + padding; i++) {
      for (int64_t j = 0; j < first; j += lanes)
        putRow(weights + i * stride, j, at(scores + i * q + j) * decays.before(i, j));
      for (int64_t j = first; j < first + padding; j += lanes)
        putRow(weights + i * stride, j, kept<Sum<E>>(at(scores + i * q + j), j, i) * decays.inside(i, j));
    }
  }
}

/// Begins to bring in the piece at `first` of head h, whether b and c come anew.
template <typename E, typename T>
INLINE bool bring(
    Incoming<E> &incoming, ForwardScratch<E, T> &room, FilteredHeads<E, T> &filtered, const SSDForwardHead<E, T> *heads,
    int64_t h, int64_t first) {
  const auto &head = heads[h];
  incoming.begin(first, head.chunk < head.length - first ? head.chunk : head.length - first, head.chunk, head.length);
  if (h == 0) filtered.fill(first, incoming.tokens);
  filtered.x.bring(incoming, head.x, h, head.headDim, room.nextX);
  const bool fresh = h == 0 || head.b.first != heads[h - 1].b.first;
  if (fresh) {
    filtered.b.bring(incoming, head.b, h, head.stateDim, room.nextB);
    filtered.c.bring(incoming, head.c, h, head.stateDim, room.nextC);
  }
  return fresh;
}

template <typename E, typename T>
void forward(const SSDForwardHead<E, T> *heads, int64_t headCount, const SSDFilters<E, T> *filters) {
  constexpr int size = Units<E>::size;
  const TinyNumbersAreZero tiny;
  const auto &shape = heads[0];
  const int64_t p = padded(shape.headDim), n = padded(shape.stateDim);
  ForwardScratch<E, T> room(padded(shape.chunk < shape.length ? shape.chunk : shape.length), p, n);
  FilteredHeads<E, T> filtered(filters, shape, false);
  auto &decays = room.decays;
  Memory<T> states(headCount * n * p);  // [n, p] each
  T *const turnedState = room.turnedState;
  for (int64_t h = 0; h < headCount; h++) {
    T *state = states + h * n * p;
    if (heads[h].initial) {
      gatherState(heads[h].initial, shape.headDim, shape.stateDim, turnedState);
      transpose(p, n, turnedState, n, state, p);
    } else {
      __builtin_memset(state, 0, static_cast<size_t>(n * p) * sizeof(T));
    }
  }
  Incoming<E> incoming;
  bool fresh = bring(incoming, room, filtered, heads, 0, 0);
  for (int64_t first = 0; first < shape.length; first += shape.chunk) {
    const int64_t count = shape.chunk < shape.length - first ? shape.chunk : shape.length - first;
    const int64_t q = padded(count);
    for (int64_t h = 0; h < headCount; h++) {
      const auto &head = heads[h];
      T *state = states + h * n * p;
      const bool hasState = first > 0 || head.initial != nullptr, isFresh = fresh;
      incoming.finish();
      std::swap(room.x, room.nextX);
      if (fresh) {
        std::swap(room.b, room.nextB);
        std::swap(room.c, room.nextC);
      }
      const int64_t nextHead = h + 1 < headCount ? h + 1 : 0, nextFirst = nextHead > 0 ? first : first + shape.chunk;
      if (nextFirst < shape.length) {
        fresh = bring(incoming, room, filtered, heads, nextHead, nextFirst);
      } else {
        incoming.begin(0, 0, 0, 0);
      }

      if (isFresh) {
        transpose(q, n / size, room.b, n / size, room.bTransposed, q);
        eachTile<T, Part::lowerResult>(q, q, [&](auto vectors, int64_t i, int64_t j) __attribute__((always_inline)) {
          Tile<T, vectors> sums;
          clear<T, vectors>(sums);
          multiply<E, false, Part::all, vectors>(sums, {room.c, n / size, room.bTransposed, q, n}, i, j);
          keep<T, vectors>(sums, room.scores + i * q + j, q);
          incoming.step(2);
        });
      }
      decays.measure(head.logDecay, first, count);
      weigh<E>(decays, room.scores, q, room.weights);

      const T skip = head.skip ? *head.skip : 0;
      const Unit<E> *x = stacked<E>(q, p, room.x, room.xStack);
      const Unit<E> *before = hasState ? stackedSums<E>(n, p, state, room.stateStack) : nullptr;
      const Outgoing<E, T> y{head.y, {}, first, count, shape.headDim};
      eachTile<T, Part::all>(q, p, [&](auto vectors, int64_t i, int64_t j) __attribute__((always_inline)) {
        Tile<T, vectors> sums;
        clear<T, vectors>(sums);
        if (hasState) multiply<E, false, Part::all, vectors>(sums, {room.c, n / size, before, p, n}, i, j);
        scaleAndAdd<T, vectors>(sums, decays.fromStart + i, room.x + (i * p + j) / size, p / size, skip);
        multiply<E, false, Part::lowerLeft, vectors>(sums, {room.weights, q / size, x, p, q}, i, j);
        y.template put<vectors>(sums, i, j);
        incoming.step(2);
      });

      if (head.entering && hasState)
        transposeSums<E>(
            n, p, state, room.transposing,
            reinterpret_cast<Unit<E> *>(
                head.entering + first / shape.chunk * n * p / size * static_cast<int64_t>(sizeof(Unit<E>))));
      stackScaled<E>(q, n, room.b, decays.toEnd, room.bStack);
      const T whole = hasState ? decays.whole : 0;
      eachTile<T, Part::all>(n, p, [&](auto vectors, int64_t i, int64_t j) __attribute__((always_inline)) {
        Tile<T, vectors> sums;
        take<T, vectors>(sums, state + i * p + j, p, whole);
        multiply<E, true, Part::all, vectors>(sums, {room.bStack, n, x, p, q}, i, j);
        keep<T, vectors>(sums, state + i * p + j, p);
        incoming.step(2);
      });
    }
  }
  for (int64_t h = 0; h < headCount; h++) {
    transpose(n, p, states + h * n * p, p, turnedState, n);
    scatterState(turnedState, shape.headDim, shape.stateDim, heads[h].last);
  }
  endPassing();
}
