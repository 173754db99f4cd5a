// Loops without a loop. Compiled per target.

/// Calls `body` with the constants 0 to count − 1. Not a loop, so that arrays indexed by them are registers.
template <int count, typename Body>
INLINE void times(Body body) {
  if constexpr (count > 0) {
    times<count - 1>(body);
    body(std::integral_constant<int, count - 1>{});
  }
}
