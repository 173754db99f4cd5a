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
