// What products multiply at once: a number, or a pair of brain floats where the processor can. Compiled per target, after
// Vector.h.

template <typename E>
struct Units {
  using Sum = E;
  using Unit = E;
  static constexpr int size = 1;
  static INLINE Unit join(E first, E) { return first; }
};
template <>
struct Units<BrainFloat> {
  using Sum = float;
#if MOHAWK_BRAIN_PRODUCTS
  using Unit = uint32_t;
  static constexpr int size = 2;
  static INLINE Unit join(BrainFloat first, BrainFloat second) {
    return bits_of(first) | static_cast<uint32_t>(bits_of(second)) << 16;
  }
#else
  using Unit = float;
  static constexpr int size = 1;
  static INLINE Unit join(BrainFloat first, BrainFloat) { return widened(first); }
#endif
};
template <typename E>
using Unit = typename Units<E>::Unit;
template <typename E>
using Sum = typename Units<E>::Sum;

/// sum += a · b, unit by unit.
INLINE void multiplyAdd(Vector<float> &sum, Vector<float> a, Vector<float> b) { sum += a * b; }
INLINE void multiplyAdd(Vector<double> &sum, Vector<double> a, Vector<double> b) { sum += a * b; }
#if MOHAWK_BRAIN_PRODUCTS
INLINE void multiplyAdd(Vector<float> &sum, Vector<uint32_t> a, Vector<uint32_t> b) {
  sum = (Vector<float>)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
#endif
