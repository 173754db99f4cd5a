// A causal depth-wise convolution of some channels, in tiles of tokens that stay in cache.

constexpr int64_t tokensPerTile = 32;

template <typename T>
INLINE Vector<T> sigmoid(Vector<T> u) {
  return 1 / (1 + exponential(-u));
}

/// The rows [first − width + 1, first + count) of the input, those before the beginning from `past`.
template <typename E, typename T>
INLINE void gatherWindow(const ConvolutionChannels<E, T> &one, int64_t first, int64_t count, T *window) {
  const int64_t stride = padded(one.channels), before = one.width - 1;
  const int64_t missing = first < before ? before - first : 0;  // rows before the beginning
  if (missing > 0) {
    if (one.past.first) {
      gather(one.past, before - missing, missing, one.channels, window);
    } else {
      __builtin_memset(window, 0, static_cast<size_t>(missing * stride) * sizeof(T));
    }
  }
  gather(one.x, first - before + missing, count + before - missing, one.channels, window + missing * stride);
}

/// bias + Σ taps · inputs for one vector of channels of one token; `window` is at the oldest input.
template <typename T>
INLINE Vector<T> filtered(const T *taps, const T *bias, const T *window, int64_t width, int64_t stride) {
  auto sum = at(bias);
  for (int64_t k = 0; k < width; k++) sum += at(taps + k * stride) * at(window + k * stride);
  return sum;
}

/// Taps and bias with padding: [width + 1, channels].
template <typename E, typename T>
INLINE void gatherTaps(const ConvolutionChannels<E, T> &one, T *taps) {
  const int64_t stride = padded(one.channels);
  for (int64_t k = 0; k < one.width; k++)
    for (int64_t j = 0; j < stride; j++) taps[k * stride + j] = j < one.channels ? one.taps[k][j] : 0;
  for (int64_t j = 0; j < stride; j++) taps[one.width * stride + j] = one.bias && j < one.channels ? one.bias[j] : 0;
}

#include "ConvolutionWalk.h"

/// The channels from `first` on of a pass.
template <typename E, typename T>
INLINE void dropChannels(ConvolutionChannels<E, T> &one, int64_t first) {
  one.channels -= first;
  one.x.first += first;
  one.taps.first += first;
  if (one.past.first) one.past.first += first;
  if (one.bias) one.bias += first;
}

template <typename E, typename T>
void filterTiles(const ConvolutionForward<E, T> &one) {
  const int64_t stride = padded(one.channels), width = one.width;
  const Memory<T> memory(stride * (2 * width + 2 * tokensPerTile + padding));
  T *const taps = memory, *const y = taps + stride * (width + 1), *const window = y + stride * tokensPerTile;
  gatherTaps(one, taps);
  for (int64_t first = 0; first < one.length; first += tokensPerTile) {
    const int64_t count = tokensPerTile < one.length - first ? tokensPerTile : one.length - first;
    gatherWindow(one, first, count, window);
    for (int64_t t = 0; t < count; t++)
      for (int64_t j = 0; j < stride; j += Lanes<T>::count) {
        const T *bias = taps + width * stride + j, *inputs = window + t * stride + j;
        const auto u = width == 4 ? filtered(taps + j, bias, inputs, 4, stride)
                                  : filtered(taps + j, bias, inputs, width, stride);
        at(y + t * stride + j) = one.silu ? u * sigmoid<T>(u) : u;
      }
    scatter(y, one.y, first, count, one.channels);
  }
}

template <typename E, typename T>
void filter(const ConvolutionForward<E, T> &one) {
  const TinyNumbersAreZero tiny;
  const int64_t channels = walkChannels(one);
  if (channels > 0) {
    const Memory<T> taps(padded(one.channels) * (walkTaps + 1));
    gatherTaps(one, taps.first);
    filterWalk(one, channels, taps.first, 0, one.length);
  }
  auto rest = one;
  dropChannels(rest, channels);
  rest.y.first += channels;
  if (rest.channels > 0) filterTiles(rest);
}

/// From the last tile to the first: an input's gradient comes from its token and the width − 1 after it.
template <typename E, typename T>
void filterTilesBack(const ConvolutionBackward<E, T> &one) {
  constexpr int lanes = Lanes<T>::count;
  const int64_t stride = padded(one.channels), width = one.width, after = width - 1;
  const int64_t some = stride * (width + 1), more = stride * (tokensPerTile + width + padding - 2);
  const Memory<T> memory(2 * some + 2 * more + stride * tokensPerTile);
  T *const taps = memory, *const sums = taps + some, *const window = sums + some;
  T *const gradients = window + more;  // of the tile, then of what follows it
  T *const xGradient = gradients + more;
  gatherTaps(one, taps);
  __builtin_memset(sums, 0, static_cast<size_t>((width + 1) * stride) * sizeof(T));
  __builtin_memset(gradients, 0, static_cast<size_t>(after * stride) * sizeof(T));

  /// The gradient by the input that `index` outputs of `gradients` come after.
  auto gradient = [&](int64_t index, int64_t j, int64_t most) __attribute__((always_inline)) {
    Vector<T> sum{};
    for (int64_t k = 0; k < most; k++) sum += at(taps + k * stride + j) * at(gradients + (index - k) * stride + j);
    return sum;
  };

  const int64_t tiles = (one.length + tokensPerTile - 1) / tokensPerTile;
  for (int64_t tile = tiles - 1; tile >= 0; tile--) {
    const int64_t first = tile * tokensPerTile;
    const int64_t count = tokensPerTile < one.length - first ? tokensPerTile : one.length - first;
    __builtin_memmove(gradients + count * stride, gradients, static_cast<size_t>(after * stride) * sizeof(T));
    gatherWindow(one, first, count, window);
    for (int64_t t = 0; t < count; t++) {  // row by row: gather would clear rows after the last
      T *row = gradients + t * stride;
      const E *from = one.yGradient[first + t];
      int64_t j = 0;
      for (; j + lanes <= one.channels; j += lanes) at(row + j) = load(from + j);
      for (; j < stride; j++) row[j] = j < one.channels ? static_cast<T>(widened(from[j])) : 0;
      if (one.silu)
        for (j = 0; j < stride; j += lanes) {
          const auto u = filtered(taps + j, taps + width * stride + j, window + t * stride + j, width, stride);
          const auto s = sigmoid<T>(u);
          at(row + j) *= s * (1 + u * (1 - s));
        }
    }
    for (int64_t j = 0; j < stride; j += lanes) {
      for (int64_t k = 0; k < width; k++) {
        auto sum = at(sums + k * stride + j);
        for (int64_t t = 0; t < count; t++) sum += at(gradients + t * stride + j) * at(window + (t + k) * stride + j);
        at(sums + k * stride + j) = sum;
      }
      auto sum = at(sums + width * stride + j);
      for (int64_t t = 0; t < count; t++) sum += at(gradients + t * stride + j);
      at(sums + width * stride + j) = sum;
    }
    for (int64_t t = 0; t < count; t++)
      for (int64_t j = 0; j < stride; j += lanes) at(xGradient + t * stride + j) = gradient(t + after, j, width);
    scatter(xGradient, one.xGradient, first, count, one.channels);
  }
  if (one.pastGradient.first)
    for (int64_t r = 0; r < after; r++) {
      for (int64_t j = 0; j < stride; j += lanes) at(window + j) = gradient(r, j, r + 1);
      scatter(window, one.pastGradient, r, 1, one.channels);
    }
  scatter(sums, one.tapGradients, 0, width + 1, one.channels);
}

template <typename E, typename T>
void filterGradients(const ConvolutionBackward<E, T> &one) {
  const TinyNumbersAreZero tiny;
  const int64_t channels = one.silu ? 0 : walkChannels(one);
  if (channels > 0) {
    const int64_t size = padded(one.channels) * (walkTaps + 1);
    const Memory<T> memory(2 * size);
    T *const taps = memory, *const sums = taps + size;
    gatherTaps(one, taps);
    __builtin_memset(sums, 0, static_cast<size_t>(size) * sizeof(T));
    filterWalkBack(one, channels, taps, sums, 0, one.length + walkBefore);
    for (int k = 0; k <= walkTaps; k++)
      __builtin_memcpy(one.tapGradients[k], sums + k * padded(one.channels), static_cast<size_t>(channels) * sizeof(T));
  }
  auto rest = one;
  dropChannels(rest, channels);
  rest.yGradient.first += channels;
  rest.xGradient.first += channels;
  rest.tapGradients.first += channels;
  if (rest.pastGradient.first) rest.pastGradient.first += channels;
  if (rest.channels > 0) filterTilesBack(rest);
}
