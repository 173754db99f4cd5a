// Vectors of which only some numbers may be left.

template <typename L, typename T>
INLINE L some(const T *p, int64_t left) {
  return left >= L::count ? L::load(p) : L::load(p, left, 0);
}
template <typename L, typename T>
INLINE void keep(L x, T *p, int64_t left) {
  if (left >= L::count) {
    x.store(p);
  } else {
    x.store(p, left);
  }
}

// 1 / (1 + e to the power of −x).
template <typename L>
INLINE L logistic(L x) {
  return L::of(1) / (L::of(1) + exponential(L::of(0) - x));
}

// As many vectors as each has numbers, rows to columns: row r is joined with row r + count / 2, number by number, as often
// as there are bits in a row's index.
template <typename L>
INLINE void transposed(L (&square)[L::count]) {
  constexpr int64_t half = L::count / 2;
#pragma GCC unroll 4
  for (int64_t step = 1; step < L::count; step *= 2) {
    L joined[L::count];
#pragma GCC unroll 8
    for (int64_t r = 0; r < half; r++) {
      joined[2 * r] = L::zippedLow(square[r], square[r + half]);
      joined[2 * r + 1] = L::zippedHigh(square[r], square[r + half]);
    }
#pragma GCC unroll 16
    for (int64_t r = 0; r < L::count; r++) square[r] = joined[r];
  }
}
