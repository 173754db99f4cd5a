// Functions of one vector. Compiled per target.

template <typename L>
INLINE L sigmoid(L x) {
  const L near = larger(L::of(-100), smaller(L::of(100), x));
  return L::of(1) / (L::of(1) + exponential(L::of(0) - near));
}

// log(1 + e^x) = max(x, 0) + log1p(u) with u = e^−|x| ≤ 1, and log1p(u) = 2 artanh(s) with s = u / (2 + u) ≤ 1/3.
template <typename L>
INLINE L softplus(L x) {
  const L u = exponential(smaller(x, L::of(0) - x));
  const L s = u / (L::of(2) + u), square = s * s;
  L series = L::of(1.0 / 15);
  for (int odd = 13; odd >= 1; odd -= 2) series = multiplyAdd(series, square, L::of(1.0 / odd));
  return larger(x, L::of(0)) + L::of(2) * s * series;
}

// Within 2e-7: a polynomial in 1 / (1 + p|x|) times e^−x² (Abramowitz and Stegun 7.1.26).
template <typename L>
INLINE L errorFunction(L x) {
  const L size = larger(x, L::of(0) - x);
  const L t = L::of(1) / multiplyAdd(size, L::of(0.3275911), L::of(1));
  L p = L::of(1.061405429);
  p = multiplyAdd(p, t, L::of(-1.453152027));
  p = multiplyAdd(p, t, L::of(1.421413741));
  p = multiplyAdd(p, t, L::of(-0.284496736));
  p = multiplyAdd(p, t, L::of(0.254829592));
  const L magnitude = L::of(1) - p * t * exponential(L::of(0) - size * size);
  // The sign of x without a branch: x / |x|, and 0 at 0.
  return magnitude * (x / larger(size, L::of(1e-30)));
}

template <typename L>
INLINE L activated(int32_t activation, L x) {
  switch (activation) {
    case MHK_ACTIVATE_GELU: return x * L::of(0.5) * (L::of(1) + errorFunction(x * L::of(0.70710678118654752)));
    case MHK_ACTIVATE_GELU_TANH: {
      const L factor = multiplyAdd(x * x, L::of(0.044715), L::of(1));
      return x * sigmoid(x * factor * L::of(1.5957691216057308));
    }
    case MHK_ACTIVATE_SILU: return x * sigmoid(x);
    case MHK_ACTIVATE_RELU: return larger(x, L::of(0));
    default: {
      const L positive = larger(x, L::of(0));
      return positive * positive;
    }
  }
}
