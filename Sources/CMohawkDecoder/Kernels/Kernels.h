// What decoding computes beside products of matrices: functions over rows of numbers, for the instructions in use.
#pragma once
#include "Simd/BrainFloat.h"

#include <cstdint>

#include "MohawkDecoding.h"

namespace mohawk {

/// Channels `begin` ..< `end` of a convolution over the next tokens of one sequence.
struct TapsTask {
  const mhk_taps *taps;
  float *past;       // [width - 1, channels]
  const float *raw;  // [count, step], channels first
  float *filtered;   // as raw; null when only the past is to move
  int64_t step, count, begin, end;
  bool keeps;  // whether the past moves on
};

/// One head of the state-space kind over the next tokens of one sequence: h ← a h + s x bᵀ, y = (h c + skip x).
/// Without `y` only the state moves; without `keeps` it does not.
struct HeadTask {
  float *state;  // [head_dim, state_dim]
  const float *x, *b, *c, *steps, *decays;
  float *y;
  int64_t x_step, bc_step, head_step, y_step;  // from token to token; `head_step` of steps and decays
  int64_t head_dim, state_dim, count;
  float skip;
  bool keeps;
  float *row;  // room for head_room() numbers
  bool fresh;  // whether b and c are others than those of the last task with this room
  const float *next;  // the state that comes after this one, to be fetched meanwhile; null when there is none
};

/// Numbers that tasks of so many tokens need for themselves.
constexpr int64_t head_room(int64_t state_dim, int64_t count) {
  return 2 * state_dim * count + (state_dim + 32 * 17) * 16;
}

/// Channels `begin` ..< `end` of a selective scan over the next tokens of one sequence, as above.
struct ScanTask {
  float *state;  // [channels, state_dim]
  const float *x, *b, *c, *steps, *rates, *skip;
  float *y;
  int64_t x_step, bc_step, y_step, state_dim, count, begin, end;
  bool keeps;
  float *row;
};

/// Query heads that share keys and values: softmax(q · keys) values of each.
struct AttentionTask {
  const float *queries;       // [heads, head_dim]
  const void *keys, *values;  // [rows, head_dim], [rows, value_dim]
  int64_t heads, rows, head_dim, value_dim;
  float scale, cap;  // the cap of scores; 0 when there is none
  float *scores;  // room for heads · rows numbers
  float *out;     // [heads, value_dim]
};

struct Kernels {
  /// y = norm(x) of `width` numbers, in groups on their own.
  void (*normalise)(const float *x, const mhk_normalisation &, int64_t width, int64_t groups, float *y);
  void (*convolve)(const TapsTask &);
  /// y = activation(x), times factor where there is one.
  void (*activate)(int32_t activation, const float *x, const float *factor, float *y, int64_t count);
  /// y ← softplus(y + bias), where there is one, limited.
  void (*boundedSoftplus)(float *y, const float *bias, float least, float largest, int64_t count);
  /// decays = exp(steps · rates), or sigmoid(−steps) without rates.
  void (*decay)(const float *steps, const float *rates, float *decays, int64_t count);
  void (*head)(const HeadTask &);
  void (*scan)(const ScanTask &);
  void (*attendFloat)(const AttentionTask &);
  void (*attendBrainFloat)(const AttentionTask &);
  /// y ← cap · tanh(y / cap).
  void (*softCap)(float *y, float cap, int64_t count);
  /// y += scale · (x + bias).
  void (*add)(const float *x, const float *bias, float scale, float *y, int64_t count);
};

/// For the instructions that the calling thread may use.
const Kernels &kernels();

}  // namespace mohawk
