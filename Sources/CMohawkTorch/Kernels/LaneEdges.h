// Vectors of which only some numbers may be left.

template <typename L, typename T>
TARGET INLINE L some(const T *p, int64_t left) {
  return left >= L::count ? L::load(p) : L::load(p, left, 0);
}
template <typename L, typename T>
TARGET INLINE void keep(L x, T *p, int64_t left) {
  if (left >= L::count) {
    x.store(p);
  } else {
    x.store(p, left);
  }
}

// 1 / (1 + e to the power of −x).
template <typename L>
TARGET INLINE L logistic(L x) {
  return L::of(1) / (L::of(1) + exponential(L::of(0) - x));
}
