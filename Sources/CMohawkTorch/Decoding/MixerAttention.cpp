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
    const auto part = worker.part(static_cast<int64_t>(pass.stretches.size()) * m.kv_heads);
    for (int64_t task = part.begin; task < part.end; task++) {
      const Stretch &stretch = pass.stretches[static_cast<size_t>(task / m.kv_heads)];
      if (m.cache == MHK_BFLOAT16) {
        mix<c10::BFloat16>(worker, stretch, stretch.layers[layer], task % m.kv_heads);
      } else {
        mix<float>(worker, stretch, stretch.layers[layer], task % m.kv_heads);
      }
    }
  }

  void leave(const Worker &worker, float residual) const override {
    worker.multiplyBy(worker.pass.mixed.first, queries(), worker.pass.columns);
    worker.productToHidden(m.out, residual);
  }

  void replay(Columns, int64_t, const mhk_layer_state &, const Kernels &, float *) const override {}

  int64_t traceWidth() const override { return queries() + 2 * m.kv_heads * m.head_dim; }
  int64_t mixedWidth() const override { return queries(); }
  int64_t rowWidth(int64_t rows, int64_t) const override {
    return m.heads / m.kv_heads * (rows + m.head_dim);
  }
  int64_t seen(int64_t rows) const override { return m.window > 0 ? std::min(rows, m.window) : rows; }

 private:
  const mhk_attention_mixer m;

  int64_t queries() const { return m.heads * m.head_dim; }

  /// Normalises where the model does, and turns by the column's angles.
  void place(const Worker &worker, int64_t column, const mhk_normalisation &norm, const float *from, float *to) const {
    if (norm.weight != nullptr) {
      worker.k.normalise(from, norm, m.head_dim, 1, to);
    } else {
      std::copy_n(from, m.head_dim, to);
    }
    turn(to, worker.pass.anglesOf(column, 0), m.rotary_pairs);
  }

  /// One head of keys with all the queries that share it.
  template <typename E>
  void mix(const Worker &worker, const Stretch &stretch, const mhk_layer_state &state, int64_t kv) const {
    const int64_t d = m.head_dim, group = m.heads / m.kv_heads;
    E *const keys = static_cast<E *>(state.first) + kv * state.capacity * d;
    E *const values = static_cast<E *>(state.second) + kv * state.capacity * d;
    float *const placed = worker.desk.row.data();
    for (int64_t t = 0; t < stretch.count; t++) {
      const int64_t column = stretch.first + t;
      const float *const key = worker.pass.traces[column] + queries() + kv * d, *const value = key + m.kv_heads * d;
      place(worker, column, m.key_norm, key, placed);
      std::copy_n(placed, d, keys + (state.filled + t) * d);
      std::copy_n(value, d, values + (state.filled + t) * d);
    }
    for (int64_t t = 0; t < stretch.count; t++) {
      const int64_t column = stretch.first + t, end = state.filled + t + 1, rows = seen(end);
      for (int64_t head = 0; head < group; head++)
        place(worker, column, m.query_norm, worker.pass.traces[column] + (kv * group + head) * d, placed + head * d);
      const AttentionTask all{
          placed, keys + (end - rows) * d, values + (end - rows) * d, group, rows, d, d, m.scale, placed + group * d,
          worker.pass.mixed[column] + kv * group * d};
      if constexpr (std::is_same_v<E, float>) {
        worker.k.attendFloat(all);
      } else {
        worker.k.attendBFloat16(all);
      }
    }
  }
};

}  // namespace

std::unique_ptr<Mixer> make_mixer(const mhk_attention_mixer &shape) {
  return std::make_unique<AttentionMixer>(shape);
}

}  // namespace mohawk
