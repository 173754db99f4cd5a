// Rows of one head lie pages apart, where processors do not look ahead themselves.

/// Asks for a row ahead of its use.
template <bool toWrite, typename E>
MOHAWK_INLINE void prefetch(const Rows<E> &rows, int64_t token, int64_t width) {
  if (rows.first == nullptr) return;
  const char *row = reinterpret_cast<const char *>(rows[token]);
  const int64_t bytes = width * static_cast<int64_t>(sizeof(E));
  for (int64_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch(row + offset, toWrite, 2);
}

/// What comes after head h of the chunk that begins at `first`, and where this one writes.
template <typename E, typename T>
MOHAWK_INLINE void prefetchNext(
    const SSDForwardHead<E, T> *heads, int64_t headCount, int64_t h, int64_t first, int64_t count) {
  const auto &head = heads[h], &next = heads[h + 1 < headCount ? h + 1 : 0];
  const int64_t start = h + 1 < headCount ? first : first + count;
  const bool shared = h + 1 < headCount && next.b.first == head.b.first;
  for (int64_t i = 0; i < count; i++) {
    prefetch<true>(head.y, first + i, head.headDim);
    if (start + i >= head.length) continue;
    prefetch<false>(next.x, start + i, head.headDim);
    if (shared) continue;
    prefetch<false>(next.b, start + i, head.stateDim);
    prefetch<false>(next.c, start + i, head.stateDim);
  }
}
template <typename E, typename T>
MOHAWK_INLINE void prefetchNext(
    const SSDBackwardHead<E, T> *heads, int64_t headCount, int64_t h, int64_t first, int64_t count) {
  const auto &head = heads[h], &next = heads[h + 1 < headCount ? h + 1 : 0];
  const int64_t start = h + 1 < headCount ? first : first - head.chunk;
  const bool shared = h + 1 < headCount && next.b.first == head.b.first;
  for (int64_t i = 0; i < count; i++) {
    prefetch<true>(head.xGradient, first + i, head.headDim);
    prefetch<true>(head.bGradient, first + i, head.stateDim);
    prefetch<true>(head.cGradient, first + i, head.stateDim);
    if (start < 0) continue;
    prefetch<false>(next.x, start + i, head.headDim);
    prefetch<false>(next.yGradient, start + i, head.headDim);
    if (shared) continue;
    prefetch<false>(next.b, start + i, head.stateDim);
    prefetch<false>(next.c, start + i, head.stateDim);
  }
}
