// The gradients of everything, from the last chunk to the first. G is the gradient by the state after a chunk.
//
// dM = dY Xᵀ, dS = dM ∘ L and M = S ∘ L give dX = Mᵀ dY + toEnd ∘ (B Gᵀ) + D dY, dC = dS B + fromStart ∘ (dY H),
// dB = dSᵀ C + toEnd ∘ (X G), and G of the chunk before = decay · G + dYᵀ (fromStart ∘ C). A log-decay at token t
// scales whatever passes from before t to t or later: pairs j < t ≤ i of dS ∘ S, what enters the chunk and is read at
// i ≥ t, what is written at j < t and leaves it, and what passes through.

/// The memory that one head of one chunk needs after the other.
template <typename E, typename T>
struct BackwardScratch {
  Unit<E> *x, *b, *c, *yGradient, *nextX, *nextB, *nextC, *nextYGradient;  // by rows
  Unit<E> *bTransposed, *xTransposed;                                              // [width / size, tokens]
  Unit<E> *bStack, *cStack, *cScaled, *yStack;                             // [tokens / size, width]
  Unit<E> *weights, *scoreGradientStack, *scoreGradientRows;          // M and dS stacked, and dS by rows
  Unit<E> *gradientStack, *gradientTransposed, *transposing;  // of G
  T *scores, *scoreGradients, *transposed;
  T *across, *columnSums, *written;  // by tokens; of `across` and `written` a vector each, to be summed
  Decays<T> decays;
  const Arena arena;

  BackwardScratch(int64_t most, int64_t p, int64_t n)
      : arena([&](auto take) {
          for (auto *array : {&x, &yGradient, &nextX, &nextYGradient, &xTransposed, &yStack}) take(*array, most * p);
          for (auto *array : {&b, &c, &nextB, &nextC, &bTransposed, &bStack, &cStack, &cScaled}) take(*array, most * n);
          for (auto *array : {&weights, &scoreGradientStack, &scoreGradientRows}) take(*array, most * most);
          for (auto *array : {&gradientStack, &gradientTransposed, &transposing}) take(*array, n * p);
          for (auto *array : {&scores, &scoreGradients}) take(*array, most * most);
          for (auto *array : {&across, &written}) take(*array, most * Lanes<T>::count);
          take(columnSums, most);
          take(transposed, n * p);
          decays.list(take, most);
        }) {}
};

/// M and dS from S = C Bᵀ and dM = dY Xᵀ, and the sums of dS ∘ S over rows and columns, which a log-decay scales.
template <typename E, typename T>
INLINE void weighBoth(BackwardScratch<E, T> &room, int64_t q) {
  constexpr int lanes = Lanes<T>::count, size = Units<E>::size;
  const auto &decays = room.decays;
  __builtin_memset(room.columnSums, 0, static_cast<size_t>(q) * sizeof(T));
  for (int64_t first = 0; first < q; first += padding) {
    decays.beginBlock(first);
    for (int64_t i = first; i < first + padding; i += 2) {
      const T *scores = room.scores + i * q, *scoreGradients = room.scoreGradients + i * q;
      Vector<T> rowSums[2]{};
      auto both = [&](int64_t j, Vector<T> decay, Vector<T> nextDecay, bool diagonal) __attribute__((always_inline)) {
        auto score = at(scores + j), nextScore = at(scores + q + j);
        auto scoreGradient = at(scoreGradients + j), nextScoreGradient = at(scoreGradients + q + j);
        if (diagonal) {
          score = kept<T>(score, j, i);
          scoreGradient = kept<T>(scoreGradient, j, i);
          nextScore = kept<T>(nextScore, j, i + 1);
          nextScoreGradient = kept<T>(nextScoreGradient, j, i + 1);
        }
        scoreGradient *= decay;
        nextScoreGradient *= nextDecay;
        putStacked(room.weights, q, i, j, score * decay, nextScore * nextDecay);
        putStacked(room.scoreGradientStack, q, i, j, scoreGradient, nextScoreGradient);
        if constexpr (size != 1) {
          putRow(room.scoreGradientRows + i * q / size, j, scoreGradient);
          putRow(room.scoreGradientRows + (i + 1) * q / size, j, nextScoreGradient);
        }
        auto pairs = score * scoreGradient, nextPairs = nextScore * nextScoreGradient;
        if (diagonal) {  // a token's own pair passes no decay
          pairs = kept<T>(pairs, j, i - 1);
          nextPairs = kept<T>(nextPairs, j, i);
        }
        rowSums[0] += pairs;
        rowSums[1] += nextPairs;
        at(room.columnSums + j) += pairs + nextPairs;
      };
      for (int64_t j = 0; j < first; j += lanes) both(j, decays.before(i, j), decays.before(i + 1, j), false);
      for (int64_t j = first; j < first + padding; j += lanes)
        both(j, decays.inside(i, j), decays.inside(i + 1, j), true);
      at(room.across + i * lanes) = rowSums[0];
      at(room.across + (i + 1) * lanes) = rowSums[1];
    }
  }
}

/// Begins to bring in the chunk of head h that begins at `first`; whether b and c come anew.
template <typename E, typename T>
INLINE bool bring(
    Incoming<E> &incoming, BackwardScratch<E, T> &room, FilteredHeads<E, T> &filtered, const SSDBackwardHead<E, T> *heads,
    int64_t h, int64_t first) {
  const auto &head = heads[h];
  incoming.begin(first, head.chunk < head.length - first ? head.chunk : head.length - first, -head.chunk, head.length);
  if (h == 0) filtered.fill(first, incoming.tokens);
  filtered.x.bring(incoming, head.x, h, head.headDim, room.nextX);
  if (head.yGradient.first) incoming.add(head.yGradient, head.headDim, room.nextYGradient);
  const bool fresh = h == 0 || head.b.first != heads[h - 1].b.first;
  if (fresh) {
    filtered.b.bring(incoming, head.b, h, head.stateDim, room.nextB);
    filtered.c.bring(incoming, head.c, h, head.stateDim, room.nextC);
  }
  return fresh;
}

template <typename E, typename T>
void backward(const SSDBackwardHead<E, T> *heads, int64_t headCount, const SSDFilters<E, T> *filters) {
  constexpr int lanes = Lanes<T>::count, size = Units<E>::size;
  const TinyNumbersAreZero tiny;
  const auto &shape = heads[0];
  const int64_t p = padded(shape.headDim), n = padded(shape.stateDim);
  const int64_t most = padded(shape.chunk < shape.length ? shape.chunk : shape.length);
  BackwardScratch<E, T> room(most, p, n);
  FilteredHeads<E, T> filtered(filters, shape, true);
  auto &decays = room.decays;
  const int64_t chunks = (shape.length + shape.chunk - 1) / shape.chunk;
  Memory<T> gradients(headCount * n * p);  // G [n, p] of each head
  T *const transposed = room.transposed;
  Memory<double> skipGradients(headCount);
  for (int64_t h = 0; h < headCount; h++) {
    skipGradients[h] = 0;
    T *gradient = gradients + h * n * p;
    if (heads[h].lastGradient) {
      gatherState(heads[h].lastGradient, shape.headDim, shape.stateDim, transposed);
      transpose(p, n, transposed, n, gradient, p);
    } else {
      __builtin_memset(gradient, 0, static_cast<size_t>(n * p) * sizeof(T));
    }
  }
  if (!shape.yGradient.first)
    for (auto *array : {room.yGradient, room.nextYGradient})
      __builtin_memset(array, 0, static_cast<size_t>(most * p / size) * sizeof(Unit<E>));
  Incoming<E> incoming;
  bool fresh = bring(incoming, room, filtered, heads, 0, (chunks - 1) * shape.chunk);
  for (int64_t index = chunks - 1; index >= 0; index--) {
    const int64_t first = index * shape.chunk;
    const int64_t count = shape.chunk < shape.length - first ? shape.chunk : shape.length - first;
    const int64_t q = padded(count);
    for (int64_t h = 0; h < headCount; h++) {
      const auto &head = heads[h];
      T *gradient = gradients + h * n * p;
      const bool hasState = index > 0 || head.initial != nullptr, isFresh = fresh;
      const bool hasGradient = index < chunks - 1 || head.lastGradient != nullptr;
      const T skip = head.skip ? *head.skip : 0;
      incoming.finish();
      std::swap(room.x, room.nextX);
      std::swap(room.yGradient, room.nextYGradient);
      if (fresh) {
        std::swap(room.b, room.nextB);
        std::swap(room.c, room.nextC);
      }
      const int64_t nextHead = h + 1 < headCount ? h + 1 : 0, nextFirst = nextHead > 0 ? first : first - shape.chunk;
      if (nextFirst >= 0) {
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
          incoming.step(1);
        });
      }
      const Unit<E> *b = stacked<E>(q, n, room.b, room.bStack), *c = stacked<E>(q, n, room.c, room.cStack);
      const Unit<E> *yGradient = stacked<E>(q, p, room.yGradient, room.yStack);
      decays.measure(head.logDecay, first, count);
      transpose(q, p / size, room.x, p / size, room.xTransposed, q);
      eachTile<T, Part::lowerResult>(q, q, [&](auto vectors, int64_t i, int64_t j) __attribute__((always_inline)) {
        Tile<T, vectors> sums;
        clear<T, vectors>(sums);
        multiply<E, false, Part::all, vectors>(sums, {room.yGradient, p / size, room.xTransposed, q, p}, i, j);
        keep<T, vectors>(sums, room.scoreGradients + i * q + j, q);
        incoming.step(1);
      });
      weighBoth(room, q);

      const Unit<E> *scoreGradientRows = size == 1 ? room.scoreGradientStack : room.scoreGradientRows;
      const auto *state = reinterpret_cast<const Unit<E> *>(
          head.entering + index * n * p / size * static_cast<int64_t>(sizeof(Unit<E>)));
      const Outgoing<E, T> cGradient{
          filtered.c.gradients(head.cGradient, first, h, shape.stateDim), head.cSum, first, count, shape.stateDim, filtered.areThere};
      eachTile<T, Part::all>(q, n, [&](auto vectors, int64_t i, int64_t j) __attribute__((always_inline)) {
        Tile<T, vectors> sums;
        clear<T, vectors>(sums);
        if (hasState) {
          multiply<E, false, Part::all, vectors>(sums, {room.yGradient, p / size, state, n, p}, i, j);
          scaleAndTotal<T, vectors>(
              sums, decays.fromStart + i, room.c + (i * n + j) / size, n / size, room.across + i * lanes, true);
        }
        multiply<E, false, Part::lowerLeft, vectors>(sums, {scoreGradientRows, q / size, b, n, q}, i, j);
        cGradient.template put<vectors>(sums, i, j);
        incoming.step(1);
      });

      T through = 0;
      const Unit<E> *after = nullptr;
      if (hasGradient) {
        after = stackedSums<E>(n, p, gradient, room.gradientStack);
        transposeSums<E>(n, p, gradient, room.transposing, room.gradientTransposed);
        if (hasState) through = decays.whole * totalOfProducts(state, room.gradientTransposed, n * p / size);
      } else {
        __builtin_memset(room.written, 0, static_cast<size_t>(q * lanes) * sizeof(T));
      }
      const Outgoing<E, T> bGradient{
          filtered.b.gradients(head.bGradient, first, h, shape.stateDim), head.bSum, first, count, shape.stateDim, filtered.areThere};
      eachTile<T, Part::all>(q, n, [&](auto vectors, int64_t i, int64_t j) __attribute__((always_inline)) {
        Tile<T, vectors> sums;
        clear<T, vectors>(sums);
        if (hasGradient) {
          multiply<E, false, Part::all, vectors>(sums, {room.x, p / size, room.gradientTransposed, n, p}, i, j);
          scaleAndTotal<T, vectors>(
              sums, decays.toEnd + i, room.b + (i * n + j) / size, n / size, room.written + i * lanes, j > 0);
        }
        multiply<E, true, Part::upperLeft, vectors>(sums, {room.scoreGradientStack, q, c, n, q}, i, j);
        bGradient.template put<vectors>(sums, i, j);
        incoming.step(1);
      });

      const Outgoing<E, T> xGradient{
          filtered.x.gradients(head.xGradient, first, h, shape.headDim), {}, first, count, shape.headDim, filtered.areThere};
      eachTile<T, Part::all>(q, p, [&](auto vectors, int64_t i, int64_t j) __attribute__((always_inline)) {
        Tile<T, vectors> sums;
        clear<T, vectors>(sums);
        if (hasGradient) multiply<E, false, Part::all, vectors>(sums, {room.b, n / size, after, p, n}, i, j);
        scaleAndAdd<T, vectors>(sums, decays.toEnd + i, room.yGradient + (i * p + j) / size, p / size, skip);
        multiply<E, true, Part::upperLeft, vectors>(sums, {room.weights, q, yGradient, p, q}, i, j);
        xGradient.template put<vectors>(sums, i, j);
        incoming.step(1);
      });
      if (h + 1 == headCount) filtered.drain(first, count);
      if (head.skipGradient)
        for (int64_t i = 0; i < count; i++)
          skipGradients[h] += dotOfUnits<T>(room.x + i * p / size, room.yGradient + i * p / size, p);

      double sumAfter = through, sumBefore = 0;
      for (int64_t i = 0; i < count; i++) {
        room.written[i] = sum<T>(at(room.written + i * lanes));
        room.across[i] = sum<T>(at(room.across + i * lanes));
        sumBefore += room.written[i];
      }
      for (int64_t i = count - 1; i >= 0; i--) {
        sumAfter += room.across[i] - room.columnSums[i];
        sumBefore -= room.written[i];
        *head.logDecayGradient[first + i] = static_cast<T>(sumAfter + sumBefore);
      }

      if (index == 0 && head.initialGradient == nullptr) continue;
      stackScaled<E>(q, n, room.c, decays.fromStart, room.cScaled);
      const T whole = hasGradient ? decays.whole : 0;
      eachTile<T, Part::all>(n, p, [&](auto vectors, int64_t i, int64_t j) __attribute__((always_inline)) {
        Tile<T, vectors> sums;
        take<T, vectors>(sums, gradient + i * p + j, p, whole);
        multiply<E, true, Part::all, vectors>(sums, {room.cScaled, n, yGradient, p, q}, i, j);
        keep<T, vectors>(sums, gradient + i * p + j, p);
        incoming.step(1);
      });
    }
  }
  for (int64_t h = 0; h < headCount; h++) {
    if (heads[h].skipGradient) *heads[h].skipGradient = static_cast<T>(skipGradients[h]);
    if (heads[h].initialGradient) {
      transpose(n, p, gradients + h * n * p, p, transposed, n);
      scatterState(transposed, shape.headDim, shape.stateDim, heads[h].initialGradient);
    }
  }
  filtered.finish();
  endPassing();
}
