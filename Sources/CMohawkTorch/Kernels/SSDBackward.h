// The gradients of everything, from the last chunk to the first. G is the gradient by the state after a chunk.
//
// dM = dY Xᵀ, dS = dM ∘ L and M = S ∘ L give dX = Mᵀ dY + toEnd ∘ (B Gᵀ) + D dY, dC = dS B + fromStart ∘ (dY H),
// dB = dSᵀ C + toEnd ∘ (X G), and G of the chunk before = decay · G + dYᵀ (fromStart ∘ C). A log-decay at token t
// scales whatever passes from before t to t or later: pairs j < t ≤ i of dS ∘ S, what enters the chunk and is read at
// i ≥ t, what is written at j < t and leaves it, and what passes through.

/// The memory that one head of one chunk needs after the other.
template <typename E, typename T>
struct BackwardRoom {
  Unit<E> *x, *b, *c, *yGradient;                         // by rows
  Unit<E> *bTurned, *xTurned;                             // [width / size, tokens]
  Unit<E> *bStack, *cStack, *cScaled, *yStack;            // [tokens / size, width]
  Unit<E> *weights, *slopeStack, *slopeRows;              // M and dS stacked, and dS by rows
  Unit<E> *gradientStack, *gradientTurned, *turning;      // of G
  T *xGradient, *bGradient, *cGradient, *scores, *slopes, *turned;
  T *across, *columnSums, *written;
  Decays<T> decays;
  const Arena arena;

  BackwardRoom(int64_t most, int64_t p, int64_t n)
      : arena([&](auto take) {
          for (auto *array : {&x, &yGradient, &xTurned, &yStack}) take(*array, most * p);
          for (auto *array : {&b, &c, &bTurned, &bStack, &cStack, &cScaled}) take(*array, most * n);
          for (auto *array : {&weights, &slopeStack, &slopeRows}) take(*array, most * most);
          for (auto *array : {&gradientStack, &gradientTurned, &turning}) take(*array, n * p);
          for (auto *array : {&scores, &slopes}) take(*array, most * most);
          for (auto *array : {&bGradient, &cGradient}) take(*array, most * n);
          for (auto *array : {&across, &columnSums, &written}) take(*array, most);
          take(xGradient, most * p);
          take(turned, n * p);
          decays.list(take, most);
        }) {}
};

/// M and dS from S = C Bᵀ and dM = dY Xᵀ, and the sums of dS ∘ S over rows and columns, which a log-decay scales.
template <typename E, typename T>
MOHAWK_INLINE void weighBoth(BackwardRoom<E, T> &room, int64_t q) {
  constexpr int lanes = Lanes<T>::count, size = Units<E>::size;
  const auto &decays = room.decays;
  __builtin_memset(room.columnSums, 0, static_cast<size_t>(q) * sizeof(T));
  for (int64_t first = 0; first < q; first += padding) {
    decays.beginBlock(first);
    for (int64_t i = first; i < first + padding; i += 2) {
      const T *scores = room.scores + i * q, *slopes = room.slopes + i * q;
      Vector<T> rowSums[2]{};
      auto both = [&](int64_t j, Vector<T> decay, Vector<T> nextDecay, bool diagonal) __attribute__((always_inline)) {
        auto score = at(scores + j), nextScore = at(scores + q + j);
        auto slope = at(slopes + j), nextSlope = at(slopes + q + j);
        if (diagonal) {
          score = kept<T>(score, j, i);
          slope = kept<T>(slope, j, i);
          nextScore = kept<T>(nextScore, j, i + 1);
          nextSlope = kept<T>(nextSlope, j, i + 1);
        }
        slope *= decay;
        nextSlope *= nextDecay;
        putStacked(room.weights, q, i, j, score * decay, nextScore * nextDecay);
        putStacked(room.slopeStack, q, i, j, slope, nextSlope);
        if constexpr (size != 1) {
          putRow(room.slopeRows + i * q / size, j, slope);
          putRow(room.slopeRows + (i + 1) * q / size, j, nextSlope);
        }
        auto pairs = score * slope, nextPairs = nextScore * nextSlope;
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
      room.across[i] = sum<T>(rowSums[0]);
      room.across[i + 1] = sum<T>(rowSums[1]);
    }
  }
}

template <typename E, typename T>
void backward(const SSDBackwardHead<E, T> *heads, int64_t headCount) {
  constexpr int size = Units<E>::size;
  const FlushTinyNumbers flush;
  const auto &shape = heads[0];
  const int64_t p = padded(shape.headDim), n = padded(shape.stateDim);
  BackwardRoom<E, T> room(padded(shape.chunk < shape.length ? shape.chunk : shape.length), p, n);
  auto &decays = room.decays;
  T *across = room.across, *written = room.written;
  const int64_t chunks = (shape.length + shape.chunk - 1) / shape.chunk;
  Memory<T> gradients(headCount * n * p);  // G [n, p] of each head
  T *const turned = room.turned;
  Memory<double> skipGradients(headCount);
  for (int64_t h = 0; h < headCount; h++) {
    skipGradients[h] = 0;
    T *gradient = gradients + h * n * p;
    if (heads[h].lastGradient) {
      gatherState(heads[h].lastGradient, shape.headDim, shape.stateDim, turned);
      transpose(p, n, turned, n, gradient, p);
    } else {
      __builtin_memset(gradient, 0, static_cast<size_t>(n * p) * sizeof(T));
    }
  }
  for (int64_t index = chunks - 1; index >= 0; index--) {
    const int64_t first = index * shape.chunk;
    const int64_t count = shape.chunk < shape.length - first ? shape.chunk : shape.length - first;
    const int64_t q = padded(count);
    for (int64_t h = 0; h < headCount; h++) {
      const auto &head = heads[h];
      T *gradient = gradients + h * n * p;
      const bool hasState = index > 0 || head.initial != nullptr;
      const bool hasGradient = index < chunks - 1 || head.lastGradient != nullptr;
      const T skip = head.skip ? *head.skip : 0;
      gather(head.x, first, count, shape.headDim, room.x);
      if (head.yGradient.first) {
        gather(head.yGradient, first, count, shape.headDim, room.yGradient);
      } else {
        __builtin_memset(room.yGradient, 0, static_cast<size_t>(q * p / size) * sizeof(Unit<E>));
      }
      if (h == 0 || head.b.first != heads[h - 1].b.first) {
        gather(head.b, first, count, shape.stateDim, room.b);
        gather(head.c, first, count, shape.stateDim, room.c);
        transpose(q, n / size, room.b, n / size, room.bTurned, q);
        product<E, false, false, Part::lowerResult>(q, q, n, room.c, n / size, room.bTurned, q, room.scores, q);
      }
      const Unit<E> *b = stacked<E>(q, n, room.b, room.bStack), *c = stacked<E>(q, n, room.c, room.cStack);
      const Unit<E> *yGradient = stacked<E>(q, p, room.yGradient, room.yStack);
      decays.measure(head.logDecay, first, count);
      transpose(q, p / size, room.x, p / size, room.xTurned, q);
      product<E, false, false, Part::lowerResult>(q, q, p, room.yGradient, p / size, room.xTurned, q, room.slopes, q);
      prefetchNext(heads, headCount, h, first, count);
      weighBoth(room, q);

      T *cGradient = room.cGradient, *bGradient = room.bGradient, *xGradient = room.xGradient;
      const Unit<E> *slopeRows = size == 1 ? room.slopeStack : room.slopeRows;
      const auto *state = reinterpret_cast<const Unit<E> *>(
          head.entering + index * n * p / size * static_cast<int64_t>(sizeof(Unit<E>)));
      if (hasState) {
        product<E, false, false, Part::all>(q, n, p, room.yGradient, p / size, state, n, cGradient, n);
        for (int64_t i = 0; i < q; i++) {
          scale(cGradient + i * n, decays.fromStart[i], n);
          across[i] += dot(room.c + i * n / size, cGradient + i * n, n);
        }
        product<E, true, false, Part::lowerLeft>(q, n, q, slopeRows, q / size, b, n, cGradient, n);
      } else {
        product<E, false, false, Part::lowerLeft>(q, n, q, slopeRows, q / size, b, n, cGradient, n);
      }

      T through = 0;
      if (hasGradient) {
        const auto *after = stackedSums<E>(n, p, gradient, room.gradientStack);
        turnSums<E>(n, p, gradient, room.turning, room.gradientTurned);
        product<E, false, false, Part::all>(q, n, p, room.x, p / size, room.gradientTurned, n, bGradient, n);
        product<E, false, false, Part::all>(q, p, n, room.b, n / size, after, p, xGradient, p);
        for (int64_t i = 0; i < q; i++) {
          scale(bGradient + i * n, decays.toEnd[i], n);
          written[i] = dot(room.b + i * n / size, bGradient + i * n, n);
          scaleAndAdd(xGradient + i * p, decays.toEnd[i], room.yGradient + i * p / size, skip, p);
        }
        product<E, true, true, Part::upperLeft>(q, n, q, room.slopeStack, q, c, n, bGradient, n);
        if (hasState) through = decays.whole * totalOfProducts(state, room.gradientTurned, n * p / size);
      } else {
        __builtin_memset(written, 0, static_cast<size_t>(q) * sizeof(T));
        for (int64_t i = 0; i < q; i++)
          for (int64_t j = 0; j < p; j += Lanes<T>::count)
            at(xGradient + i * p + j) = numbersAt(room.yGradient + i * p / size, j) * skip;
        product<E, false, true, Part::upperLeft>(q, n, q, room.slopeStack, q, c, n, bGradient, n);
      }
      product<E, true, true, Part::upperLeft>(q, p, q, room.weights, q, yGradient, p, xGradient, p);
      if (head.skipGradient)
        for (int64_t i = 0; i < count; i++)
          skipGradients[h] += dotOfUnits<T>(room.x + i * p / size, room.yGradient + i * p / size, p);

      double after = through, before = 0;
      for (int64_t i = 0; i < count; i++) before += written[i];
      for (int64_t i = count - 1; i >= 0; i--) {
        after += across[i] - room.columnSums[i];
        before -= written[i];
        *head.logDecayGradient[first + i] = static_cast<T>(after + before);
      }

      scatter(xGradient, head.xGradient, first, count, shape.headDim);
      if (head.bSum.first) {
        scatterAdd(bGradient, head.bSum, first, count, shape.stateDim);
        scatterAdd(cGradient, head.cSum, first, count, shape.stateDim);
      } else {
        scatter(bGradient, head.bGradient, first, count, shape.stateDim);
        scatter(cGradient, head.cGradient, first, count, shape.stateDim);
      }

      if (index == 0 && head.initialGradient == nullptr) continue;
      stackScaled<E>(q, n, room.c, decays.fromStart, room.cScaled);
      if (hasGradient) scale(gradient, decays.whole, n * p);
      product<E, true, true, Part::all>(n, p, q, room.cScaled, n, yGradient, p, gradient, p);
    }
  }
  for (int64_t h = 0; h < headCount; h++) {
    if (heads[h].skipGradient) *heads[h].skipGradient = static_cast<T>(skipGradients[h]);
    if (heads[h].initialGradient) {
      transpose(n, p, gradients + h * n * p, p, turned, n);
      scatterState(turned, shape.headDim, shape.stateDim, heads[h].initialGradient);
    }
  }
}
