// The convolution with as many taps as models have, a few tokens at a time in registers. The tokens that a sequence
// begins and ends with, whose neighbours are not all there, go one by one.

constexpr int walkTaps = 4;
constexpr int walkBefore = walkTaps - 1;
/// Tokens in registers.
constexpr int walkTokens = 8;

/// Channels that the walk takes; the others are left to the tiles.
template <typename E, typename T>
INLINE int64_t walkChannels(const ConvolutionChannels<E, T> &one) {
  return one.width == walkTaps ? one.channels / Lanes<T>::count * Lanes<T>::count : 0;
}

#if MOHAWK_BRAIN_PRODUCTS
INLINE void storeToken(BFloat16 *p, Vector<float> v) {
  const __m256bh narrow = _mm512_cvtneps_pbh((__m512)v);
  __builtin_memcpy(p, &narrow, sizeof narrow);
}
#else
INLINE void storeToken(BFloat16 *p, Vector<float> v) { store(p, v); }
#endif
INLINE void storeToken(float *p, Vector<float> v) { store(p, v); }
INLINE void storeToken(double *p, Vector<double> v) { store(p, v); }

/// Input of a token, which may lie before the beginning or after the end unless it is `inside`.
template <bool inside, typename E, typename T>
INLINE Vector<T> inputAt(const ConvolutionChannels<E, T> &one, int64_t token, int64_t channel) {
  if (inside || (token >= 0 && token < one.length)) return load(one.x[token] + channel);
  if (token < 0 && one.past.first) return load(one.past[token + walkBefore] + channel);
  return Vector<T>{};
}

template <int tokens, bool inside, typename E, typename T>
INLINE void walkForward(const ConvolutionForward<E, T> &one, int64_t first, int64_t channels, const T *taps) {
  constexpr int lanes = Lanes<T>::count;
  const int64_t stride = padded(one.channels);
  const bool silu = one.silu;
  for (int64_t j = 0; j < channels; j += lanes) {
    Vector<T> x[tokens + walkBefore], tap[walkTaps];
    times<walkTaps>([&](auto k) __attribute__((always_inline)) { tap[k] = at(taps + k * stride + j); });
    const auto bias = at(taps + walkTaps * stride + j);
    times<tokens + walkBefore>([&](auto i) __attribute__((always_inline)) {
      x[i] = inputAt<inside>(one, first - walkBefore + i, j);
    });
    times<tokens>([&](auto t) __attribute__((always_inline)) {
      auto u = bias;
      times<walkTaps>([&](auto k) __attribute__((always_inline)) { u += tap[k] * x[t + k]; });
      storeToken(one.y[first + t] + j, silu ? u * sigmoid<T>(u) : u);
    });
  }
}

/// Adds to the gradients of taps and bias what these tokens put into them, and writes the gradients of the inputs that
/// are as many tokens earlier as there are taps before the last.
template <int tokens, bool inside, typename E, typename T>
INLINE void walkBackward(
    const ConvolutionBackward<E, T> &one, int64_t first, int64_t channels, const T *taps, T *sums) {
  constexpr int lanes = Lanes<T>::count;
  const int64_t stride = padded(one.channels);
  for (int64_t j = 0; j < channels; j += lanes) {
    Vector<T> gradients[tokens + walkBefore], tap[walkTaps];
    times<walkTaps>([&](auto k) __attribute__((always_inline)) { tap[k] = at(taps + k * stride + j); });
    times<tokens + walkBefore>([&](auto i) __attribute__((always_inline)) {
      const int64_t token = first - walkBefore + i;
      const bool isThere = inside || (token >= 0 && token < one.length);
      gradients[i] = isThere ? load(one.yGradient[token] + j) : Vector<T>{};
    });
    if (inside || first < one.length) {
      Vector<T> sum[walkTaps + 1];
      times<walkTaps + 1>([&](auto k) __attribute__((always_inline)) { sum[k] = at(sums + k * stride + j); });
      times<tokens + walkBefore>([&](auto i) __attribute__((always_inline)) {
        const auto x = inputAt<inside>(one, first - walkBefore + i, j);
        times<walkTaps>([&](auto k) __attribute__((always_inline)) {
          constexpr int t = i - k;  // the token of these at which tap k meets this input
          if constexpr (t >= 0 && t < tokens) sum[k] += gradients[t + walkBefore] * x;
        });
      });
      times<tokens>([&](auto t) __attribute__((always_inline)) { sum[walkTaps] += gradients[t + walkBefore]; });
      times<walkTaps + 1>([&](auto k) __attribute__((always_inline)) { at(sums + k * stride + j) = sum[k]; });
    }
    times<tokens>([&](auto t) __attribute__((always_inline)) {
      auto gradient = tap[0] * gradients[t + walkBefore];
      times<walkBefore>([&](auto k) __attribute__((always_inline)) {
        gradient += tap[k + 1] * gradients[t + walkBefore - 1 - k];
      });
      const int64_t token = first + t - walkBefore;
      if (inside || token >= 0) {
        storeToken(one.xGradient[token] + j, gradient);
      } else if (one.pastGradient.first) {
        store(one.pastGradient[token + walkBefore] + j, gradient);
      }
    });
  }
}

/// The first `channels` of the tokens [first, end) of a forward pass.
template <typename E, typename T>
void filterWalk(
    const ConvolutionForward<E, T> &one, int64_t channels, const T *taps, int64_t first, int64_t end) {
  int64_t token = first;
  for (; token < end && token < walkBefore; token++) walkForward<1, false>(one, token, channels, taps);
  for (; token + walkTokens <= end; token += walkTokens) walkForward<walkTokens, true>(one, token, channels, taps);
  for (; token < end; token++) walkForward<1, false>(one, token, channels, taps);
}

/// The first `channels` of a backward pass: what the outputs of the tokens [first, end) put into the gradients of taps
/// and bias, `sums`, and the gradients of the inputs that are as many tokens earlier as there are taps before the last.
/// The outputs of a whole pass are [0, length + taps before the last).
template <typename E, typename T>
void filterWalkBack(
    const ConvolutionBackward<E, T> &one, int64_t channels, const T *taps, T *sums, int64_t first, int64_t end) {
  int64_t token = first;
  for (; token < end && token < walkBefore; token++) walkBackward<1, false>(one, token, channels, taps, sums);
  const int64_t inside = end < one.length ? end : one.length;
  for (; token + walkTokens <= inside; token += walkTokens)
    walkBackward<walkTokens, true>(one, token, channels, taps, sums);
  for (; token < end; token++) walkBackward<1, false>(one, token, channels, taps, sums);
}
