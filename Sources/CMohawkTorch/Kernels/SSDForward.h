// y = (L ∘ C Bᵀ) x + (exp s ∘ C) H + D x chunk by chunk, and the state H from chunk to chunk.

template <typename E, typename T>
void forward(const SSDForwardHead<E, T> &head) {
  const FlushTinyNumbers flush;
  const int64_t p = padded(head.headDim), n = padded(head.stateDim);
  const int64_t most = padded(head.chunk < head.length ? head.chunk : head.length);
  Scratch<T> scratch(most * (2 * p + 3 * n + most + 3) + 2 * n * p);
  T *x = scratch.take(most * p), *y = scratch.take(most * p);
  T *b = scratch.take(most * n), *c = scratch.take(most * n), *bColumns = scratch.take(most * n);
  T *scores = scratch.take(most * most);
  T *state = scratch.take(n * p), *turned = scratch.take(n * p);  // [n, p] and [p, n]
  Decays<T> decays{scratch.take(most), scratch.take(most), scratch.take(most), 0};

  bool hasState = head.initial != nullptr;
  if (hasState) {
    gatherState(head.initial, head.headDim, head.stateDim, turned);
    transpose(p, n, turned, n, state, p);
  } else {
    __builtin_memset(state, 0, static_cast<size_t>(n * p) * sizeof(T));
  }
  int64_t index = 0;
  for (int64_t first = 0; first < head.length; first += head.chunk, index++) {
    const int64_t count = head.chunk < head.length - first ? head.chunk : head.length - first;
    const int64_t q = padded(count);
    if (head.entering) {
      transpose(n, p, state, p, turned, n);
      scatterState(turned, head.headDim, head.stateDim, head.entering + index * head.headDim * head.stateDim);
    }
    gather(head.x, first, count, head.headDim, x);
    gather(head.b, first, count, head.stateDim, b);
    gather(head.c, first, count, head.stateDim, c);
    decays.measure(head.logDecay, first, count);

    transpose(q, n, b, n, bColumns, q);
    product<T, false, false, Part::lowerResult>(q, q, n, c, n, bColumns, q, scores, q);
    for (int64_t i = 0; i < count; i++) {
      const int64_t next = first + head.chunk + i;
      prefetch<true>(head.y, first + i, head.headDim);
      if (next < head.length) {
        prefetch<false>(head.x, next, head.headDim);
        prefetch<false>(head.b, next, head.stateDim);
        prefetch<false>(head.c, next, head.stateDim);
      }
      for (int64_t j = 0; j <= i / padding * padding + padding - 1; j += Lanes<T>::count)
        at(scores + i * q + j) *= decays.row(i, j);
    }

    const T skip = head.skip ? *head.skip : 0;
    if (hasState) {
      product<T, false, false, Part::all>(q, p, n, c, n, state, p, y, p);
      for (int64_t i = 0; i < count; i++) scaleAndAdd(y + i * p, decays.fromStart[i], x + i * p, skip, p);
    } else {
      for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < p; j += Lanes<T>::count) at(y + i * p + j) = at(x + i * p + j) * skip;
      __builtin_memset(y + count * p, 0, static_cast<size_t>((q - count) * p) * sizeof(T));
    }
    product<T, true, false, Part::lowerLeft>(q, p, q, scores, q, x, p, y, p);
    scatter(y, head.y, first, count, head.headDim);

    for (int64_t i = 0; i < count; i++) scale(b + i * n, decays.toEnd[i], n);
    if (hasState) scale(state, decays.whole, n * p);
    product<T, true, true, Part::all>(n, p, q, b, n, x, p, state, p);
    hasState = true;
  }
  transpose(n, p, state, p, turned, n);
  scatterState(turned, head.headDim, head.stateDim, head.last);
}
