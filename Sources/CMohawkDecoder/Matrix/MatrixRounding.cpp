#include "MatrixRounding.h"

#include <cmath>
#include <initializer_list>
#include <limits>

namespace mohawk {
namespace {

// The nearest level to every whole number from -128 to 127.
struct Nearest {
  uint8_t index[256];
  float level[256];
  constexpr Nearest() : index(), level() {
    for (int32_t n = -128; n < 128; n++) {
      uint8_t best = 0;
      for (uint8_t i = 1; i < 16; i++)
        if ((levels[i] - n) * (levels[i] - n) < (levels[best] - n) * (levels[best] - n)) best = i;
      index[n + 128] = best;
      level[n + 128] = levels[best];
    }
  }
};
constexpr Nearest nearest_level;

// The nearest whole number from -128 to 127, ties to even; -128 of a NaN. What is added leaves no room for halves, which is as
// good as the library's rounding and many times as fast where that is a call.
int32_t whole_number(float n) {
  constexpr float room = 12582912;  // 1.5 · 2²³
  const float least = n > -128 ? n : -128, limited = least < 127 ? least : 127;
  return static_cast<int32_t>(limited + room - room);
}

float extreme(const float *weights) {
  float most = 0;
  for (int64_t k = 0; k < group_columns; k++) {
    if (!std::isfinite(weights[k])) return std::numeric_limits<float>::quiet_NaN();
    if (std::fabs(weights[k]) > std::fabs(most)) most = weights[k];
  }
  return most;
}

// The sums from which the best scale for given numbers follows: it is product / square, and takes product² / square
// off the squared error.
struct Fit {
  float product = 0, square = 0;
  float gain() const { return square > 0 ? product * product / square : 0; }
};

Fit fit(const float *weights, const float *importance, float inverse) {
  Fit fit;
  for (int64_t k = 0; k < group_columns; k++) {
    const float level = nearest_level.level[whole_number(weights[k] * inverse) + 128];
    const float counted = importance == nullptr ? level : level * importance[k];
    fit.product += counted * weights[k];
    fit.square += counted * level;
  }
  return fit;
}

}  // namespace

uint8_t nearest(WeightFormat format, float weight, float inverse) {
  const int32_t whole = whole_number(weight * inverse);
  if (format == WeightFormat::q8) return static_cast<uint8_t>((whole < -127 ? -127 : whole) + 128);
  return nearest_level.index[whole + 128];
}

float group_scale(WeightFormat format, const float *weights, const float *importance) {
  const float most = extreme(weights), plain = std::fabs(most) / 127;
  // Far below what matters, sums of squares would vanish.
  if (format == WeightFormat::q8 || !(plain > 1e-15f)) return plain;
  // In units of the largest weight nothing overflows.
  float own[group_columns];
  for (int64_t k = 0; k < group_columns; k++) own[k] = weights[k] / most;
  Fit best;
  for (const float sign : {-1.0f, 1.0f}) {
    for (const float inverse : {150.0f, 138.0f, 127.0f, 117.0f, 108.0f, 100.0f}) {
      const Fit here = fit(own, importance, sign * inverse);
      if (here.gain() > best.gain()) best = here;
    }
  }
  for (int turn = 0; turn < 2 && best.gain() > 0; turn++) {
    const Fit here = fit(own, importance, best.square / best.product);
    if (here.gain() > best.gain()) best = here;
  }
  return best.gain() > 0 ? best.product / best.square * most : plain;
}

PackedGroup rounded(WeightFormat format, const float *weights, const float *importance) {
  PackedGroup group;
  const float scale = group_scale(format, weights, importance), most = 2.6e36f;  // 127 · most is finite
  group.scale = narrowed(scale > most ? most : scale < -most ? -most : scale);
  const float inverse = inverse_of(widened(group.scale));
  for (int64_t k = 0; k < group_columns; k++) group.numbers[k] = nearest(format, weights[k], inverse);
  return group;
}

}  // namespace mohawk
