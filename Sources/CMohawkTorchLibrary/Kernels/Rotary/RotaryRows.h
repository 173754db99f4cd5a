// Heads of single tokens, rotated. Compiled per target.
#include "Simd/Lanes.h"

template <typename L, typename T>
void turnToken(const RotaryPass &pass, int64_t batch, int64_t token) {
  using Value = typename L::Value;
  const Value *const cosines = static_cast<const Value *>(pass.cosines) + token * pass.half;
  const Value *const sines = static_cast<const Value *>(pass.sines) + token * pass.half;
  const L sign = L::of(pass.backwards ? -1 : 1);
  for (int64_t head = 0; head < pass.heads; head++) {
    const T *const x = static_cast<const T *>(pass.x) + batch * pass.from[0] + head * pass.from[1] + token * pass.from[2];
    T *const y = static_cast<T *>(pass.out) + batch * pass.to[0] + head * pass.to[1] + token * pass.to[2];
    for (int64_t i = 0; i < pass.half; i += L::count) {
      const int64_t left = pass.half - i;
      const L a = some<L>(x + i, left), b = some<L>(x + pass.half + i, left);
      const L cosine = some<L>(cosines + i, left), sine = some<L>(sines + i, left) * sign;
      keep(a * cosine - b * sine, y + i, left);
      keep(b * cosine + a * sine, y + pass.half + i, left);
    }
    for (int64_t i = 2 * pass.half; i < pass.width; i++) y[i] = x[i];
  }
}
