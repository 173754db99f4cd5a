// y = (L ∘ C Bᵀ) x + (exp s ∘ C) H + D x chunk by chunk, and the state H from chunk to chunk.

/// The memory that one head of one chunk needs after the other.
template <typename E, typename T>
struct ForwardRoom {
  Unit<E> *x, *b, *c, *weights;           // by rows
  Unit<E> *xStack, *bStack, *stateStack;  // stacked
  Unit<E> *bTurned, *turning;
  T *y, *scores, *turnedState;
  Decays<T> decays;
  const Arena arena;

  ForwardRoom(int64_t most, int64_t p, int64_t n)
      : arena([&](auto take) {
          for (auto *array : {&x, &xStack}) take(*array, most * p);
          for (auto *array : {&b, &c, &bStack, &bTurned}) take(*array, most * n);
          for (auto *array : {&stateStack, &turning}) take(*array, n * p);
          take(weights, most * most);
          take(scores, most * most);
          take(y, most * p);
          take(turnedState, n * p);
          decays.list(take, most);
        }) {}
};

/// weights ← L ∘ scores, by rows.
template <typename E>
MOHAWK_INLINE void weigh(const Decays<Sum<E>> &decays, const Sum<E> *scores, int64_t q, Unit<E> *weights) {
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

template <typename E, typename T>
void forward(const SSDForwardHead<E, T> *heads, int64_t headCount) {
  constexpr int size = Units<E>::size;
  const FlushTinyNumbers flush;
  const auto &shape = heads[0];
  const int64_t p = padded(shape.headDim), n = padded(shape.stateDim);
  ForwardRoom<E, T> room(padded(shape.chunk < shape.length ? shape.chunk : shape.length), p, n);
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
  for (int64_t first = 0; first < shape.length; first += shape.chunk) {
    const int64_t count = shape.chunk < shape.length - first ? shape.chunk : shape.length - first;
    const int64_t q = padded(count);
    for (int64_t h = 0; h < headCount; h++) {
      const auto &head = heads[h];
      T *state = states + h * n * p;
      const bool hasState = first > 0 || head.initial != nullptr;
      if (head.entering && hasState)
        turnSums<E>(
            n, p, state, room.turning,
            reinterpret_cast<Unit<E> *>(
                head.entering + first / shape.chunk * n * p / size * static_cast<int64_t>(sizeof(Unit<E>))));
      gather(head.x, first, count, shape.headDim, room.x);
      if (h == 0 || head.b.first != heads[h - 1].b.first) {
        gather(head.b, first, count, shape.stateDim, room.b);
        gather(head.c, first, count, shape.stateDim, room.c);
        transpose(q, n / size, room.b, n / size, room.bTurned, q);
        product<E, false, false, Part::lowerResult>(q, q, n, room.c, n / size, room.bTurned, q, room.scores, q);
      }
      decays.measure(head.logDecay, first, count);
      prefetchNext(heads, headCount, h, first, count);
      weigh<E>(decays, room.scores, q, room.weights);

      T *y = room.y;
      const T skip = head.skip ? *head.skip : 0;
      const Unit<E> *x = stacked<E>(q, p, room.x, room.xStack);
      if (hasState) {
        const Unit<E> *before = stackedSums<E>(n, p, state, room.stateStack);
        product<E, false, false, Part::all>(q, p, n, room.c, n / size, before, p, y, p);
        for (int64_t i = 0; i < q; i++)
          scaleAndAdd(y + i * p, decays.fromStart[i], room.x + i * p / size, skip, p);
      } else {
        for (int64_t i = 0; i < q; i++)
          for (int64_t j = 0; j < p; j += Lanes<T>::count)
            at(y + i * p + j) = numbersAt(room.x + i * p / size, j) * skip;
      }
      product<E, true, false, Part::lowerLeft>(q, p, q, room.weights, q / size, x, p, y, p);
      scatter(y, head.y, first, count, shape.headDim);

      stackScaled<E>(q, n, room.b, decays.toEnd, room.bStack);
      if (hasState) scale(state, decays.whole, n * p);
      product<E, true, true, Part::all>(n, p, q, room.bStack, n, x, p, state, p);
    }
  }
  for (int64_t h = 0; h < headCount; h++) {
    transpose(n, p, states + h * n * p, p, turnedState, n);
    scatterState(turnedState, shape.headDim, shape.stateDim, heads[h].last);
  }
}
