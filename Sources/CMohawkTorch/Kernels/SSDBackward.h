// The gradients of everything, from the last chunk to the first. G is the gradient by the state after a chunk.
//
// dM = dY Xᵀ, dS = dM ∘ L and M = S ∘ L give dX = Mᵀ dY + toEnd ∘ (B Gᵀ) + D dY, dC = dS B + fromStart ∘ (dY H),
// dB = dSᵀ C + toEnd ∘ (X G), and G of the chunk before = decay · G + dYᵀ (fromStart ∘ C). A log-decay at token t
// scales whatever passes from before t to t or later: pairs j < t ≤ i of dS ∘ S, what enters the chunk and is read at
// i ≥ t, what is written at j < t and leaves it, and what passes through.

template <typename E, typename T>
void backward(const SSDBackwardHead<E, T> &head) {
  const FlushTinyNumbers flush;
  const int64_t p = padded(head.headDim), n = padded(head.stateDim);
  const int64_t most = padded(head.chunk < head.length ? head.chunk : head.length);
  const int64_t chunks = (head.length + head.chunk - 1) / head.chunk;
  Scratch<T> scratch(most * (4 * p + 5 * n + 2 * most + 8) + 3 * n * p);
  T *x = scratch.take(most * p), *xColumns = scratch.take(most * p), *xGradient = scratch.take(most * p);
  T *yGradient = scratch.take(most * p);
  T *b = scratch.take(most * n), *c = scratch.take(most * n), *bColumns = scratch.take(most * n);
  T *bGradient = scratch.take(most * n), *cGradient = scratch.take(most * n);
  T *scores = scratch.take(most * most), *slopes = scratch.take(most * most);
  T *state = scratch.take(n * p);                                     // [p, n]
  T *gradient = scratch.take(n * p), *turned = scratch.take(n * p);  // [n, p] and [p, n]
  Decays<T> decays{scratch.take(most), scratch.take(most), scratch.take(most), 0};
  T *across = scratch.take(most), *columnSums = scratch.take(most), *written = scratch.take(most);

  bool hasGradient = head.lastGradient != nullptr;
  if (hasGradient) {
    gatherState(head.lastGradient, head.headDim, head.stateDim, turned);
    transpose(p, n, turned, n, gradient, p);
  } else {
    __builtin_memset(gradient, 0, static_cast<size_t>(n * p) * sizeof(T));
    __builtin_memset(turned, 0, static_cast<size_t>(n * p) * sizeof(T));
  }
  const T skip = head.skip ? *head.skip : 0;
  double skipGradient = 0;
  for (int64_t index = chunks - 1; index >= 0; index--) {
    const int64_t first = index * head.chunk;
    const int64_t count = head.chunk < head.length - first ? head.chunk : head.length - first;
    const int64_t q = padded(count);
    const bool hasState = index > 0 || head.initial != nullptr;
    gather(head.x, first, count, head.headDim, x);
    gather(head.b, first, count, head.stateDim, b);
    gather(head.c, first, count, head.stateDim, c);
    if (head.yGradient.first) {
      gather(head.yGradient, first, count, head.headDim, yGradient);
    } else {
      __builtin_memset(yGradient, 0, static_cast<size_t>(q * p) * sizeof(T));
    }
    decays.measure(head.logDecay, first, count);
    if (hasState)
      gatherState<T>(head.entering + index * head.headDim * head.stateDim, head.headDim, head.stateDim, state);

    transpose(q, n, b, n, bColumns, q);
    transpose(q, p, x, p, xColumns, q);
    product<T, false, false, Part::lowerResult>(q, q, n, c, n, bColumns, q, scores, q);
    product<T, false, false, Part::lowerResult>(q, q, p, yGradient, p, xColumns, q, slopes, q);
    __builtin_memset(columnSums, 0, static_cast<size_t>(q) * sizeof(T));
    for (int64_t i = 0; i < count; i++) {
      const int64_t next = first - head.chunk + i;
      prefetch<true>(head.xGradient, first + i, head.headDim);
      prefetch<true>(head.bGradient, first + i, head.stateDim);
      prefetch<true>(head.cGradient, first + i, head.stateDim);
      if (next >= 0) {
        prefetch<false>(head.x, next, head.headDim);
        prefetch<false>(head.yGradient, next, head.headDim);
        prefetch<false>(head.b, next, head.stateDim);
        prefetch<false>(head.c, next, head.stateDim);
      }
      Vector<T> rowSum{};
      for (int64_t j = 0; j <= i / padding * padding + padding - 1; j += Lanes<T>::count) {
        const auto decay = decays.row(i, j);
        const auto score = at(scores + i * q + j), slope = at(slopes + i * q + j) * decay;
        at(slopes + i * q + j) = slope;
        at(scores + i * q + j) = score * decay;
        auto pairs = score * slope;
        // a token's own pair passes no decay
        if (j + Lanes<T>::count > i) pairs = ramp<T>() + static_cast<T>(j) < all(static_cast<T>(i)) ? pairs : Vector<T>{};
        rowSum += pairs;
        at(columnSums + j) += pairs;
      }
      across[i] = sum<T>(rowSum);
    }

    if (hasState) {
      product<T, false, false, Part::all>(q, n, p, yGradient, p, state, n, cGradient, n);
      for (int64_t i = 0; i < count; i++) {
        scale(cGradient + i * n, decays.fromStart[i], n);
        across[i] += dot(c + i * n, cGradient + i * n, n);
      }
      product<T, true, false, Part::lowerLeft>(q, n, q, slopes, q, b, n, cGradient, n);
    } else {
      product<T, false, false, Part::lowerLeft>(q, n, q, slopes, q, b, n, cGradient, n);
    }

    T through = 0;
    if (hasGradient) {
      product<T, false, false, Part::all>(q, n, p, x, p, turned, n, bGradient, n);
      product<T, false, false, Part::all>(q, p, n, b, n, gradient, p, xGradient, p);
      for (int64_t i = 0; i < count; i++) {
        scale(bGradient + i * n, decays.toEnd[i], n);
        written[i] = dot(b + i * n, bGradient + i * n, n);
        scaleAndAdd(xGradient + i * p, decays.toEnd[i], yGradient + i * p, skip, p);
      }
      product<T, true, true, Part::upperLeft>(q, n, q, slopes, q, c, n, bGradient, n);
      if (hasState) through = decays.whole * dot(state, turned, n * p);
    } else {
      __builtin_memset(written, 0, static_cast<size_t>(q) * sizeof(T));
      for (int64_t i = 0; i < q * p; i += Lanes<T>::count) at(xGradient + i) = at(yGradient + i) * skip;
      product<T, false, true, Part::upperLeft>(q, n, q, slopes, q, c, n, bGradient, n);
    }
    product<T, true, true, Part::upperLeft>(q, p, q, scores, q, yGradient, p, xGradient, p);
    if (head.skipGradient)
      for (int64_t i = 0; i < count; i++) skipGradient += dot(x + i * p, yGradient + i * p, p);

    double after = through, before = 0;
    for (int64_t i = 0; i < count; i++) before += written[i];
    for (int64_t i = count - 1; i >= 0; i--) {
      after += across[i] - columnSums[i];
      before -= written[i];
      *head.logDecayGradient[first + i] = static_cast<T>(after + before);
    }

    scatter(xGradient, head.xGradient, first, count, head.headDim);
    if (head.bSum.first) {
      scatterAdd(bGradient, head.bSum, first, count, head.stateDim);
      scatterAdd(cGradient, head.cSum, first, count, head.stateDim);
    } else {
      scatter(bGradient, head.bGradient, first, count, head.stateDim);
      scatter(cGradient, head.cGradient, first, count, head.stateDim);
    }

    if (index == 0 && head.initialGradient == nullptr) break;
    for (int64_t i = 0; i < count; i++) scale(c + i * n, decays.fromStart[i], n);
    if (hasGradient) scale(gradient, decays.whole, n * p);
    product<T, true, true, Part::all>(n, p, q, c, n, yGradient, p, gradient, p);
    transpose(n, p, gradient, p, turned, n);
    hasGradient = true;
  }
  if (head.skipGradient) *head.skipGradient = static_cast<T>(skipGradient);
  if (head.initialGradient) scatterState(turned, head.headDim, head.stateDim, head.initialGradient);
}
