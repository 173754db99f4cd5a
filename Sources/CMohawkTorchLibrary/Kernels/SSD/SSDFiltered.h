// The convolution before the operation, of neighbouring heads and a chunk at a time: what it makes of x, b and c, and the
// gradients by that, are read again while they are in cache and never lie in tensors.

/// One of x, b and c behind its convolution.
template <typename E, typename T>
struct FilteredRows {
  const SSDFilter<E, T> *filter = nullptr;  // null: there is no convolution
  int64_t begin = 0;                        // the first token of the chunk
  E *chunk, *chunkGradients;                // the chunk's rows; gradients by these and by what follows the chunk
  T *taps, *sums;                           // the last row the bias's

  int64_t channels() const { return filter ? filter->from.channels : 0; }

  template <typename Take>
  void list(Take take, int64_t tokens, bool isBackward) {
    take(chunk, tokens * channels());
    take(taps, (walkTaps + 1) * channels());
    take(chunkGradients, isBackward ? (tokens + walkBefore) * channels() : 0);
    take(sums, isBackward ? (walkTaps + 1) * channels() : 0);
  }

  void start(bool isBackward) {
    if (!filter) return;
    gatherTaps(filter->from, taps);
    if (isBackward) __builtin_memset(sums, 0, static_cast<size_t>((walkTaps + 1) * channels()) * sizeof(T));
  }

  /// Lets the rows of head h come in: those of the chunk that is there, or `plain` ones.
  void bring(Incoming<E> &incoming, const Rows<const E> &plain, int64_t h, int64_t width, Unit<E> *to) const {
    if (!filter) return incoming.add(plain, width, to);
    incoming.addNear({chunk + h * width - begin * channels(), channels()}, plain, width, to);
  }
  /// Where the gradients by head h of the chunk from `first` on go.
  Rows<E> gradients(const Rows<E> &plain, int64_t first, int64_t h, int64_t width) const {
    return filter ? Rows<E>{chunkGradients + h * width - first * channels(), channels()} : plain;
  }

  /// Makes the rows of a chunk.
  void fill(int64_t first, int64_t count) {
    begin = first;
    ConvolutionForward<E, T> one;
    static_cast<ConvolutionChannels<E, T> &>(one) = filter->from;
    one.y = {chunk - first * channels(), channels()};
    filterWalk(one, channels(), taps, first, first + count);
  }

  /// The gradients by what went into the convolution, of a chunk whose own are there; chunks come from the last to the
  /// first, of which all but the last have `most` tokens.
  void drain(int64_t first, int64_t count, int64_t most) {
    const auto row = static_cast<size_t>(channels()) * sizeof(E);
    const bool isLast = first + count == filter->from.length;
    if (isLast) __builtin_memset(chunkGradients + count * channels(), 0, walkBefore * row);
    ConvolutionBackward<E, T> one;
    static_cast<ConvolutionChannels<E, T> &>(one) = filter->from;
    one.yGradient = {chunkGradients - first * channels(), channels()};
    one.xGradient = filter->gradient;
    filterWalkBack(one, channels(), taps, sums, first > 0 ? first + walkBefore : 0, first + count + walkBefore);
    __builtin_memmove(chunkGradients + most * channels(), chunkGradients, walkBefore * row);
  }

  void finish() const {
    for (int k = 0; k <= walkTaps; k++)
      __builtin_memcpy(
          filter->tapGradients[k], sums + k * channels(), static_cast<size_t>(channels()) * sizeof(T));
  }
};

template <typename E, typename T>
struct FilteredHeads {
  FilteredRows<E, T> x, b, c;
  const bool areThere;
  const int64_t most;
  const Arena arena;

  FilteredHeads(const SSDFilters<E, T> *filters, const SSDHead<E, T> &shape, bool isBackward)
      : areThere(filters != nullptr),
        most(shape.chunk < shape.length ? shape.chunk : shape.length),
        arena([&](auto take) {
          if (!areThere) return;
          x.filter = &filters->x;
          b.filter = &filters->b;
          c.filter = &filters->c;
          for (auto *one : {&x, &b, &c}) one->list(take, most, isBackward);
        }) {
    for (auto *one : {&x, &b, &c}) one->start(isBackward);
  }

  /// Makes the rows of a chunk for all heads.
  void fill(int64_t first, int64_t count) {
    if (areThere)
      for (auto *one : {&x, &b, &c}) one->fill(first, count);
  }
  void drain(int64_t first, int64_t count) {
    if (areThere)
      for (auto *one : {&x, &b, &c}) one->drain(first, count, most);
  }
  void finish() const {
    if (areThere)
      for (auto *one : {&x, &b, &c}) one->finish();
  }
};
