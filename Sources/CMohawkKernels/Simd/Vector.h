// Vectors of a target's width, loads and stores that convert, and powers. Operators on them may be fused; those of
// Lanes.h round one by one. Compiled per target: nothing here may be used by code for another processor.

/// `count` numbers of type T in one register.
template <typename T>
struct Lanes {
  static constexpr int count = MOHAWK_VECTOR_BYTES / static_cast<int>(sizeof(T));
  typedef T Vector __attribute__((vector_size(MOHAWK_VECTOR_BYTES), aligned(alignof(T)), may_alias));
};
template <typename T>
using Vector = typename Lanes<T>::Vector;
typedef int32_t Integers __attribute__((vector_size(MOHAWK_VECTOR_BYTES), aligned(4), may_alias));
typedef uint16_t Halves __attribute__((vector_size(MOHAWK_VECTOR_BYTES / 2), aligned(2), may_alias));

template <typename T>
INLINE Vector<T> &at(T *p) {
  return *reinterpret_cast<Vector<T> *>(p);
}
template <typename T>
INLINE const Vector<T> &at(const T *p) {
  return *reinterpret_cast<const Vector<T> *>(p);
}

INLINE Vector<float> load(const float *p) { return at(p); }
INLINE Vector<double> load(const double *p) { return at(p); }
INLINE Vector<float> load(const BrainFloat *p) {
  const auto bits = __builtin_convertvector(*reinterpret_cast<const Halves *>(p), Integers) << 16;
  return reinterpret_cast<const Vector<float> &>(bits);
}
INLINE void store(float *p, Vector<float> v) { at(p) = v; }
INLINE void store(double *p, Vector<double> v) { at(p) = v; }
/// To the nearest, ties to even.
INLINE void store(BrainFloat *p, Vector<float> v) {
  typedef uint32_t Bits __attribute__((vector_size(MOHAWK_VECTOR_BYTES), aligned(4), may_alias));
  const auto bits = reinterpret_cast<const Bits &>(v);
  const auto rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const Bits quiet = rounded * 0 + 0x7fc0;
  const Bits chosen = (v == v) ? rounded : quiet;
  *reinterpret_cast<Halves *>(p) = __builtin_convertvector(chosen, Halves);
}

INLINE float widened(float x) { return x; }
INLINE double widened(double x) { return x; }
INLINE float widened(BrainFloat x) {
  const uint32_t bits = static_cast<uint32_t>(bits_of(x)) << 16;
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}
INLINE void put(float *p, float x) { *p = x; }
INLINE void put(double *p, double x) { *p = x; }
INLINE void put(BrainFloat *p, float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  *p = brain_float(static_cast<uint16_t>(x == x ? (bits + 0x7fff + ((bits >> 16) & 1)) >> 16 : 0x7fc0));
}

template <typename T>
INLINE Vector<T> all(T x) {
  return x - Vector<T>{};  // not a sum: adding 0 to −0 would be work
}

/// The sum of all lanes of a vector of `bytes`, by halves.
template <typename T, int bytes>
struct Reduction {
  typedef T Half __attribute__((vector_size(bytes / 2), may_alias));
  static INLINE T sum(const void *vector) {
    Half halves[2];
    __builtin_memcpy(halves, vector, bytes);
    const Half both = halves[0] + halves[1];
    return Reduction<T, bytes / 2>::sum(&both);
  }
};
template <typename T>
struct Reduction<T, static_cast<int>(2 * sizeof(T))> {
  static INLINE T sum(const void *vector) {
    T pair[2];
    __builtin_memcpy(pair, vector, sizeof pair);
    return pair[0] + pair[1];
  }
};
template <typename T>
INLINE T sum(Vector<T> v) {
  return Reduction<T, MOHAWK_VECTOR_BYTES>::sum(&v);
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

/// Of the first halves of a and b, and of the second, one number of each in turn.
#if MOHAWK_VECTOR_BYTES == 64
INLINE Vector<float> zippedLow(Vector<float> a, Vector<float> b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
INLINE Vector<float> zippedHigh(Vector<float> a, Vector<float> b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
#elif MOHAWK_VECTOR_BYTES == 32
INLINE Vector<float> zippedLow(Vector<float> a, Vector<float> b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
INLINE Vector<float> zippedHigh(Vector<float> a, Vector<float> b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#else
INLINE Vector<float> zippedLow(Vector<float> a, Vector<float> b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
INLINE Vector<float> zippedHigh(Vector<float> a, Vector<float> b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#endif

/// exp within 2 units in the last place; 0 where the result would be below the normal numbers.
INLINE Vector<float> exponential(Vector<float> x) {
  const auto limited = x > 88.0f ? all(88.0f) : x;
  const auto shifted = limited * 1.44269504f + 12582912.0f;  // the integer is in the low bits
  const auto n = shifted - 12582912.0f;
  const auto r = (limited - n * 0.693359375f) - n * -2.12194440e-4f;
  auto p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const Integers bits = reinterpret_cast<const Integers &>(p) + (reinterpret_cast<const Integers &>(shifted) << 23);
  const auto result = reinterpret_cast<const Vector<float> &>(bits);
  const auto kept = x < -87.0f ? all(0.0f) : result;
  return x == x ? kept : x;
}
INLINE Vector<double> exponential(Vector<double> x) {
  for (int i = 0; i < Lanes<double>::count; i++) x[i] = __builtin_exp(x[i]);
  return x;
}
INLINE float exponential(float x) { return exponential(all(x))[0]; }
INLINE double exponential(double x) { return __builtin_exp(x); }

/// What exponents below this give is not told from 2 to the power of this: nothing beside 1.
constexpr float leastExponent = -126;

/// 2 to the power of x ≤ 126, to 1e-7 of it; at least 2 to `leastExponent`.
INLINE Vector<float> exp2(Vector<float> x) {
  const auto y = larger<float>(all(leastExponent), x);
  const auto shifted = y + 12582912.0f;  // the nearest integer is in the low bits
  const auto r = y - (shifted - 12582912.0f);
  auto p = all(1.32647e-3f);
  p = p * r + 9.67151e-3f;
  p = p * r + 5.550734e-2f;
  p = p * r + 2.4022242e-1f;
  p = p * r + 6.9314698e-1f;
  p = p * r + 1.0f;
  const Integers bits = reinterpret_cast<const Integers &>(p) + (reinterpret_cast<const Integers &>(shifted) << 23);
  return reinterpret_cast<const Vector<float> &>(bits);
}
INLINE Vector<double> exp2(Vector<double> x) {
  for (int i = 0; i < Lanes<double>::count; i++) x[i] = __builtin_exp2(x[i]);
  return x;
}
