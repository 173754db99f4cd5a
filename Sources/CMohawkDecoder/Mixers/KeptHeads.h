// Heads of a recurrent mixer that are full softmax attention, while decoding.
#pragma once
#include <algorithm>

#include "Plan.h"

namespace mohawk {

/// What takes the place of what the other parts made of some heads.
class KeptHeads {
 public:
  KeptHeads(const mhk_kept_heads &shape, int64_t width) : m(shape), width(width) {}

  bool exist() const { return m.count > 0; }
  int64_t traceWidth() const { return (m.count + m.groups) * m.head_dim; }
  int64_t tasks() const { return m.groups; }
  /// Numbers that a thread needs: scores, then one query.
  int64_t rowWidth(int64_t rows) const { return exist() ? rows + m.head_dim : 0; }

  /// Queries and keys of all columns, into the trace from this place on.
  void enter(const Worker &worker, Columns trace) const {
    worker.product(m.query, trace);
    worker.product(m.key, {trace.first + m.count * m.head_dim, trace.step});
  }

  /// Mixes the heads that share one of keys; calls `done` with each of them.
  /// - trace: of the sequence's first column.
  /// - values: of the first head of the first column, from column to column `trace.step` apart.
  /// - mixed: where what is mixed goes, from the first column on.
  template <typename Done>
  void mix(
      const Worker &worker, const Span &span, const mhk_layer_state &state, int64_t group, Columns trace,
      const float *values, Columns mixed, const Done &done) const {
    if (m.cache == MHK_BFLOAT16) {
      mixAs<BrainFloat>(worker, span, state, group, trace, values, mixed, done);
    } else {
      mixAs<float>(worker, span, state, group, trace, values, mixed, done);
    }
  }

 private:
  const mhk_kept_heads m;
  const int64_t width;

  template <typename E, typename Done>
  void mixAs(
      const Worker &worker, const Span &span, const mhk_layer_state &state, int64_t group, Columns trace,
      const float *values, Columns mixed, const Done &done) const {
    const int64_t d = m.head_dim;
    float *const query = worker.scratch.row.data(), *const scores = query + d;
    E *const keys = static_cast<E *>(state.kept_keys) + group * state.capacity * d;
    for (int64_t t = 0; t < span.count; t++) {
      float *const key = trace[t] + (m.count + group) * d;
      place(worker, span.first + t, m.key_norm, key, query);
      std::copy_n(query, d, keys + (state.filled + t) * d);
    }
    for (int64_t i = 0; i < m.count; i++) {
      if (m.group_of[i] != group) continue;
      const int64_t head = m.heads[i];
      E *const kept = static_cast<E *>(state.kept_values) + i * state.capacity * width;
      for (int64_t t = 0; t < span.count; t++)
        std::copy_n(values + t * trace.step + head * width, width, kept + (state.filled + t) * width);
      for (int64_t t = 0; t < span.count; t++) {
        place(worker, span.first + t, m.query_norm, trace[t] + i * d, query);
        const AttentionTask one{
            query, keys, kept, 1, state.filled + t + 1, d, width, m.scale, 0, scores, mixed[t] + head * width};
        if constexpr (std::is_same_v<E, float>) {
          worker.k.attendFloat(one);
        } else {
          worker.k.attendBrainFloat(one);
        }
      }
      done(head);
    }
  }

  /// A head of a column normalised, where the model does, and rotated.
  void place(
      const Worker &worker, int64_t column, const mhk_normalisation &norm, const float *head, float *to) const {
    if (norm.weight != nullptr) {
      worker.k.normalise(head, norm, m.head_dim, 1, to);
    } else {
      std::copy_n(head, m.head_dim, to);
    }
    rotate(to, worker.pass.anglesOf(column, m.first_pair), m.rotary_pairs);
  }
};

}  // namespace mohawk
