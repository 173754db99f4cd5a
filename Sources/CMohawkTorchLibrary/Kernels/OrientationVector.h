// Vectors of a path's width, 2 to a power, and the numbers that products are made of. Included once per path.

template <typename T>
struct Lanes {
  static constexpr int count = MOHAWK_VECTOR_BYTES / static_cast<int>(sizeof(T));
  typedef T Vector __attribute__((vector_size(MOHAWK_VECTOR_BYTES), aligned(alignof(T)), may_alias));
};
template <typename T>
using Vector = typename Lanes<T>::Vector;
using Floats = Vector<float>;
using Doubles = Vector<double>;
using Integers = Vector<int32_t>;

template <typename T>
INLINE Vector<T> &at(T *p) {
  return *reinterpret_cast<Vector<T> *>(p);
}
template <typename T>
INLINE const Vector<T> &at(const T *p) {
  return *reinterpret_cast<const Vector<T> *>(p);
}
template <typename T>
INLINE Vector<T> all(T x) {
  return Vector<T>{} + x;
}
/// 0, 1, 2 ...
template <typename T>
INLINE Vector<T> ramp() {
  Vector<T> v;
  for (int i = 0; i < Lanes<T>::count; i++) v[i] = static_cast<T>(i);
  return v;
}

/// A NaN in b stays.
template <typename T>
INLINE Vector<T> larger(Vector<T> a, Vector<T> b) {
  return b < a ? a : b;
}

/// What exponents below this give is not told from 2 to the power of this: nothing beside 1.
constexpr float leastExponent = -126;

/// 2 to the power of x ≤ 126, to 1e-7 of it; at least 2 to `leastExponent`.
INLINE Floats exp2(Floats x) {
  const Floats y = larger<float>(all(leastExponent), x);
  const Floats shifted = y + 12582912.0f;  // the nearest integer is in the low bits
  const Floats r = y - (shifted - 12582912.0f);
  Floats p = all(1.32647e-3f);
  p = p * r + 9.67151e-3f;
  p = p * r + 5.550734e-2f;
  p = p * r + 2.4022242e-1f;
  p = p * r + 6.9314698e-1f;
  p = p * r + 1.0f;
  const Integers bits = reinterpret_cast<const Integers &>(p) + (reinterpret_cast<const Integers &>(shifted) << 23);
  return reinterpret_cast<const Floats &>(bits);
}
INLINE Doubles exp2(Doubles x) {
  for (int i = 0; i < Lanes<double>::count; i++) x[i] = __builtin_exp2(x[i]);
  return x;
}

INLINE float widened(float x) { return x; }
INLINE double widened(double x) { return x; }
INLINE float widened(BFloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}
INLINE void narrow(double x, float *to) { *to = static_cast<float>(x); }
INLINE void narrow(double x, double *to) { *to = x; }
/// To the nearest, ties to even.
INLINE uint32_t brainBits(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  return x == x ? (bits + 0x7fff + ((bits >> 16) & 1)) >> 16 : 0x7fc0;
}
INLINE void narrow(double x, BFloat16 *to) { to->bits = static_cast<uint16_t>(brainBits(static_cast<float>(x))); }

/// What a product multiplies at once: a number, or a pair of brain floats where the processor can.
template <typename E>
struct Units {
  using Sum = E;
  using Unit = E;
  static constexpr int size = 1;
  static INLINE Unit join(E first, E) { return first; }
};
#if MOHAWK_BRAIN_PRODUCTS
template <>
struct Units<BFloat16> {
  using Sum = float;
  using Unit = uint32_t;
  static constexpr int size = 2;
  static INLINE Unit join(BFloat16 first, BFloat16 second) {
    return first.bits | static_cast<uint32_t>(second.bits) << 16;
  }
};
#else
template <>
struct Units<BFloat16> {
  using Sum = float;
  using Unit = float;
  static constexpr int size = 1;
  static INLINE Unit join(BFloat16 first, BFloat16) { return widened(first); }
};
#endif
template <typename E>
using Unit = typename Units<E>::Unit;
template <typename E>
using Sum = typename Units<E>::Sum;

/// Memory for one head.
class Arena {
 public:
  explicit Arena(size_t bytes)
      : start(static_cast<char *>(take_working_memory(bytes))), next(start), end(start + bytes) {}
  ~Arena() { give_working_memory(start); }
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  template <typename T>
  static size_t bytes(int64_t count) {
    return (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
  }
  /// Zeros.
  template <typename T>
  T *take(int64_t count) {
    T *result = reinterpret_cast<T *>(next);
    next += bytes<T>(count);
    if (next > end) __builtin_trap();
    __builtin_memset(result, 0, bytes<T>(count));
    return result;
  }

 private:
  char *start, *next, *end;
};
