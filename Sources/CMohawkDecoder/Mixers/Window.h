// A window of softmax attention beside a recurrent mixer, while decoding.
#pragma once
#include <algorithm>

#include "Plan.h"

namespace mohawk {

/// What the window keeps of a column: its queries and its keys, rotated by `mix`.
class Window {
 public:
  Window(const mhk_window &shape, int64_t heads, int64_t width) : m(shape), heads(heads), width(width) {}

  bool exists() const { return m.tokens > 0; }
  int64_t traceWidth() const { return exists() ? (heads + m.kv_heads) * m.head_dim : 0; }
  int64_t rows() const { return m.sinks + m.tokens; }
  int64_t tasks() const { return m.kv_heads; }
  /// Numbers that a thread needs for one head of keys: scores, what one head mixed, and keys and values that are looked at
  /// with tokens that are not to stay.
  int64_t rowWidth() const { return exists() ? rows() + width + rows() * (m.head_dim + group() * width) : 0; }

  /// Queries and keys of all columns, into the trace from this place on.
  void enter(const Worker &worker, Columns trace) const {
    worker.product(m.query, trace);
    worker.product(m.key, {trace.first + heads * m.head_dim, trace.step});
  }

  /// Mixes what the heads that share one of keys made of the recurrent part with what they make of the window.
  /// - trace: of the sequence's first column.
  /// - values: of the first head of the first column, from column to column `trace.step` apart.
  /// - mixed: the same of what is mixed.
  void mix(
      const Worker &worker, const Span &span, const mhk_layer_state &state, int64_t kv, Columns trace,
      const float *values, Columns mixed) const {
    const int64_t d = m.head_dim, all = rows(), seen = std::min(state.filled, all);
    float *const scores = worker.scratch.row.data(), *const out = scores + all;
    float *keys = state.window_keys + kv * all * d;
    float *kept = state.window_values + kv * group() * all * width;
    if (!worker.pass.keeps) {
      float *const copy = out + width;
      std::copy_n(keys, seen * d, copy);
      for (int64_t h = 0; h < group(); h++)
        std::copy_n(kept + h * all * width, seen * width, copy + all * (d + h * width));
      keys = copy;
      kept = copy + all * d;
    }
    for (int64_t t = 0; t < span.count; t++) {
      const auto angles = worker.pass.anglesOf(span.first + t, m.first_pair);
      float *const key = keyOf(trace[t], kv);
      place(worker, m.key_norm, angles, key);
      const int64_t position = state.filled + t;
      keep(key, values + t * trace.step + kv * group() * width, position, keys, kept);
      for (int64_t h = 0; h < group(); h++) {
        const int64_t head = kv * group() + h;
        float *const query = trace[t] + head * d;
        place(worker, m.query_norm, angles, query);
        worker.k.attendFloat(
            {query, keys, kept + h * all * width, 1, std::min(position + 1, all), d, width, m.scale, 0, scores, out});
        float *const y = mixed[t] + head * width;
        for (int64_t i = 0; i < width; i++) y[i] += m.shares[head] * (out[i] - y[i]);
      }
    }
  }

  /// Moves a state by the first `count` tokens of a trace that was mixed.
  void replay(Columns trace, const float *values, int64_t count, const mhk_layer_state &state) const {
    for (int64_t kv = 0; kv < m.kv_heads; kv++)
      for (int64_t t = 0; t < count; t++)
        keep(
            keyOf(trace[t], kv), values + t * trace.step + kv * group() * width, state.filled + t,
            state.window_keys + kv * rows() * m.head_dim, state.window_values + kv * group() * rows() * width);
  }

 private:
  const mhk_window m;
  const int64_t heads, width;

  int64_t group() const { return heads / m.kv_heads; }
  float *keyOf(float *trace, int64_t kv) const { return trace + (heads + kv) * m.head_dim; }

  /// Normalises a head where the model does, and rotates it.
  void place(const Worker &worker, const mhk_normalisation &norm, const Pass::Angles &angles, float *head) const {
    if (norm.weight != nullptr) worker.k.normalise(head, norm, m.head_dim, 1, head);
    rotate(head, angles, m.rotary_pairs);
  }

  /// Puts one token's key and the values of the heads that share it where they belong.
  void keep(const float *key, const float *values, int64_t position, float *keys, float *kept) const {
    const int64_t row = position < m.sinks ? position : m.sinks + (position - m.sinks) % m.tokens;
    std::copy_n(key, m.head_dim, keys + row * m.head_dim);
    for (int64_t h = 0; h < group(); h++)
      std::copy_n(values + h * width, width, kept + (h * rows() + row) * width);
  }
};

}  // namespace mohawk
