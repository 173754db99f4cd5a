// Softmax attention with a cache of keys and values.
#include <algorithm>

#include "Plan.h"

namespace mohawk {
namespace {

class AttentionMixer : public Mixer {
 public:
  explicit AttentionMixer(const mhk_attention_mixer &shape) : m(shape) {}

  void enter(const Worker &worker, int64_t) const override {
    const Columns trace = worker.pass.traces;
    worker.product(m.query, trace);
    worker.product(m.key, {trace.first + queries(), trace.step});
    worker.product(m.value, {trace.first + queries() + m.kv_heads * m.head_dim, trace.step});
  }

  void mix(const Worker &worker, int64_t layer) const override {
    const Pass &pass = worker.pass;
    const auto part = worker.part(static_cast<int64_t>(pass.spans.size()) * m.kv_heads);
    for (int64_t task = part.begin; task < part.end; task++) {
      const Span &span = pass.spans[static_cast<size_t>(task / m.kv_heads)];
      if (m.cache == MHK_BFLOAT16) {
        mix<BrainFloat>(worker, span, span.layers[layer], task % m.kv_heads);
      } else {
        mix<float>(worker, span, span.layers[layer], task % m.kv_heads);
      }
    }
  }

  void leave(const Worker &worker, float residual, const mhk_normalisation &norm) const override {
    worker.multiplyBy(worker.pass.mixed.first, queries(), worker.pass.columns);
    worker.productToHidden(m.out, residual, norm);
  }

  void replay(Columns, int64_t, const mhk_layer_state &, const Kernels &, float *) const override {}

  int64_t traceWidth() const override { return queries() + 2 * m.kv_heads * m.head_dim; }
  int64_t mixedWidth() const override { return queries(); }
  int64_t rowWidth(int64_t rows, int64_t) const override {
    return m.heads / m.kv_heads * (rows + m.head_dim) + (m.norms_across_heads ? queries() : 0);
  }
  int64_t seen(int64_t rows) const override { return m.window > 0 ? std::min(rows, m.window) : rows; }

 private:
  const mhk_attention_mixer m;

  int64_t queries() const { return m.heads * m.head_dim; }

  /// Some heads of queries or keys of a column, one after the other: normalised where the model does, and rotated by the
  /// column's angles.
  /// - all: the first of all heads, of which there are `heads`; `room` for as many of them where norms are across them.
  void place(
      const Worker &worker, int64_t column, const mhk_normalisation &norm, const float *all, int64_t heads,
      int64_t first, int64_t count, float *room, float *to) const {
    const int64_t d = m.head_dim;
    if (norm.weight != nullptr && m.norms_across_heads) {
      worker.k.normalise(all, norm, heads * d, 1, room);
      all = room;
    }
    for (int64_t head = 0; head < count; head++) {
      const float *const from = all + (first + head) * d;
      if (norm.weight != nullptr && !m.norms_across_heads) {
        worker.k.normalise(from, norm, d, 1, to + head * d);
      } else {
        std::copy_n(from, d, to + head * d);
      }
      rotate(to + head * d, worker.pass.anglesOf(column, m.first_pair), m.rotary_pairs);
    }
  }

  /// One head of keys with all the queries that share it.
  template <typename E>
  void mix(const Worker &worker, const Span &span, const mhk_layer_state &state, int64_t kv) const {
    const int64_t d = m.head_dim, group = m.heads / m.kv_heads;
    E *const keys = static_cast<E *>(state.first) + kv * state.capacity * d;
    E *const values = static_cast<E *>(state.second) + kv * state.capacity * d;
    float *const placed = worker.scratch.row.data(), *const scores = placed + group * d;
    float *const room = scores + group * seen(state.filled + span.count);
    for (int64_t t = 0; t < span.count; t++) {
      const int64_t column = span.first + t;
      const float *const all = worker.pass.traces[column] + queries(), *const value = all + (m.kv_heads + kv) * d;
      place(worker, column, m.key_norm, all, m.kv_heads, kv, 1, room, placed);
      std::copy_n(placed, d, keys + (state.filled + t) * d);
      std::copy_n(value, d, values + (state.filled + t) * d);
    }
    for (int64_t t = 0; t < span.count; t++) {
      const int64_t column = span.first + t, end = state.filled + t + 1, rows = seen(end);
      place(worker, column, m.query_norm, worker.pass.traces[column], m.heads, kv * group, group, room, placed);
      const AttentionTask all{
          placed, keys + (end - rows) * d, values + (end - rows) * d, group, rows, d, d, m.scale, m.score_cap, scores,
          worker.pass.mixed[column] + kv * group * d};
      if constexpr (std::is_same_v<E, float>) {
        worker.k.attendFloat(all);
      } else {
        worker.k.attendBrainFloat(all);
      }
    }
  }
};

}  // namespace

std::unique_ptr<Mixer> make_mixer(const mhk_attention_mixer &shape) {
  return std::make_unique<AttentionMixer>(shape);
}

}  // namespace mohawk
