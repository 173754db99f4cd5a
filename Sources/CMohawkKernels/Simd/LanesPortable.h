// A vector of one number, for every processor and for fp64.
template <typename T>
struct Lane {
  using Value = T;
  static constexpr int64_t count = 1;
  T v;

  static INLINE Lane of(double x) { return {static_cast<T>(x)}; }
  template <typename Stored>
  static INLINE Lane load(const Stored *p) {
    return {static_cast<T>(*p)};
  }
  // Part of a vector is never needed.
  template <typename Stored>
  static INLINE Lane load(const Stored *p, int64_t, T) {
    return {static_cast<T>(*p)};
  }
  template <typename Stored>
  INLINE void store(Stored *p) const {
    *p = static_cast<Stored>(v);
  }
  template <typename Stored>
  INLINE void store(Stored *p, int64_t) const {
    *p = static_cast<Stored>(v);
  }
  INLINE Lane kept(int64_t, double) const { return *this; }
  INLINE T sum() const { return v; }
  INLINE T largest() const { return v; }
};
template <typename T>
INLINE Lane<T> operator+(Lane<T> a, Lane<T> b) {
  return {a.v + b.v};
}
template <typename T>
INLINE Lane<T> operator-(Lane<T> a, Lane<T> b) {
  return {a.v - b.v};
}
template <typename T>
INLINE Lane<T> operator*(Lane<T> a, Lane<T> b) {
  return {a.v * b.v};
}
template <typename T>
INLINE Lane<T> operator/(Lane<T> a, Lane<T> b) {
  return {a.v / b.v};
}
template <typename T>
INLINE Lane<T> multiplyAdd(Lane<T> a, Lane<T> b, Lane<T> c) {
  return {a.v * b.v + c.v};
}
template <typename T>
INLINE Lane<T> larger(Lane<T> a, Lane<T> b) {
  return {a.v > b.v ? a.v : b.v};
}
template <typename T>
INLINE Lane<T> smaller(Lane<T> a, Lane<T> b) {
  return {a.v < b.v ? a.v : b.v};
}
template <typename T>
INLINE Lane<T> squareRoot(Lane<T> a) {
  return {std::sqrt(a.v)};
}
template <typename T>
INLINE Lane<T> exponential(Lane<T> a) {
  return {std::exp(a.v)};
}

// A sum of squares in fp64.
template <typename T>
struct Squares {
  double sum = 0;
  INLINE void add(Lane<T> a) { sum += static_cast<double>(a.v) * static_cast<double>(a.v); }
  INLINE double total() const { return sum; }
};
template <typename T>
INLINE Squares<T> squaresOf(Lane<T>) {
  return {};
}
