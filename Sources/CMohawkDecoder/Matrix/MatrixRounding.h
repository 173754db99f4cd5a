// 32 weights as whole numbers times a scale of 16 bits.
#pragma once
#include "MatrixLayout.h"

namespace mohawk {

struct PackedGroup {
  uint16_t scale;                  ///< bf16
  uint8_t numbers[group_columns];  ///< q8: the integer + 128; q4: an index into `levels`
};

/// The scale with which 32 weights lose least. `importance` counts the columns' squared errors and may be null.
float group_scale(WeightFormat format, const float *weights, const float *importance);

/// The number that, times `scale`, is nearest to `weight`; `inverse` is 1 / scale, or 0.
uint8_t nearest(WeightFormat format, float weight, float inverse);

/// What a number stands for, times the scale.
inline int32_t whole(WeightFormat format, uint8_t number) {
  return format == WeightFormat::q8 ? number - 128 : levels[number];
}

/// 1 / scale where that is finite, else 0: such a group is all zeros, or NaN.
inline float inverse_of(float scale) {
  const float inverse = 1 / scale;
  return inverse - inverse == 0 ? inverse : 0;
}

/// 32 weights, each rounded alone.
PackedGroup rounded(WeightFormat format, const float *weights, const float *importance);

}  // namespace mohawk
