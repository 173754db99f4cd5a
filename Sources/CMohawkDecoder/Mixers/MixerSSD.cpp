// Discrete-Mamba-2 and Mamba-2.
#include <algorithm>

#include "KeptHeads.h"
#include "Plan.h"
#include "Window.h"

namespace mohawk {
namespace {

class SSDMixer : public Mixer {
 public:
  explicit SSDMixer(const mhk_ssd_mixer &shape)
      : m(shape), window(shape.window, shape.heads, shape.head_dim), kept(shape.kept, shape.head_dim) {}

  void enter(const Worker &worker, int64_t layer) const override {
    const Columns trace = worker.pass.traces;
    filter(worker, layer, m.x, m.x_taps, trace, 0);
    filter(worker, layer, m.bc, m.bc_taps, trace, inner());
    worker.product(m.z, worker.pass.gates);
    if (window.exists()) window.enter(worker, beside(trace));
    if (kept.exist()) kept.enter(worker, behind(trace));
    const auto part = worker.product(m.decay, steps(trace));
    const int64_t count = part.end - part.begin;
    const float *const rates = m.rates == nullptr ? nullptr : m.rates + part.begin;
    for (int64_t c = 0; c < worker.pass.columns; c++) {
      float *const step = steps(trace)[c] + part.begin;
      if (rates != nullptr) worker.k.boundedSoftplus(step, m.step_bias + part.begin, m.least_step, m.largest_step, count);
      worker.k.decay(step, rates, decays(trace)[c] + part.begin, count);
    }
  }

  void mix(const Worker &worker, int64_t layer) const override {
    const Pass &pass = worker.pass;
    const auto part = worker.part(static_cast<int64_t>(pass.spans.size()) * m.heads);
    for (int64_t task = part.begin; task < part.end; task++) {
      const Span &span = pass.spans[static_cast<size_t>(task / m.heads)];
      const int64_t head = task % m.heads;
      Columns trace = pass.traces, mixed = pass.mixed;
      trace.first = trace[span.first];
      HeadTask one = of(trace, head, span.count, span.layers[layer]);
      one.y = mixed[span.first] + head * m.head_dim;
      one.y_step = mixed.step;
      one.keeps = pass.keeps;
      one.row = worker.scratch.row.data();
      one.fresh = task == part.begin || head % (m.heads / m.groups) == 0;
      if (task + 1 < part.end) one.next = state(pass, layer, task + 1);
      worker.k.head(one);
      if (!window.exists()) gate(worker, span, head, 1);
    }
    if (window.exists()) mixWindow(worker, layer);
    if (kept.exist()) mixKept(worker, layer);
  }

  void leave(const Worker &worker, float residual, const mhk_normalisation &norm) const override {
    const Pass &pass = worker.pass;
    if (m.norm.weight != nullptr) {
      float *const to = worker.scratch.normalised.data();
      for (int64_t c = 0; c < pass.columns; c++)
        worker.k.normalise(pass.mixed[c], m.norm, inner(), m.norm_groups, to + c * inner());
      worker.multiplyBy(to, inner(), pass.columns);
    } else {
      worker.multiplyBy(pass.mixed.first, inner(), pass.columns);
    }
    worker.productToHidden(m.out, residual, norm);
  }

  void replay(Columns trace, int64_t count, const mhk_layer_state &state, const Kernels &k, float *row) const override {
    for (const bool values : {true, false}) {
      const mhk_taps &taps = values ? m.x_taps : m.bc_taps;
      float *const past = static_cast<float *>(values ? state.second : state.third);
      k.convolve({&taps, past, trace.first + (values ? 0 : inner()), nullptr, trace.step, count, 0, taps.channels, true});
    }
    for (int64_t head = 0; head < m.heads; head++) {
      HeadTask one = of(trace, head, count, state);
      one.y = nullptr;
      one.keeps = true;
      one.row = row;
      k.head(one);
    }
    if (window.exists()) window.replay(beside(trace), trace.first + filtered(), count, state);
  }

  int64_t traceWidth() const override { return beside() + window.traceWidth() + kept.traceWidth(); }
  int64_t gateWidth() const override { return inner(); }
  int64_t mixedWidth() const override { return inner(); }
  int64_t rowWidth(int64_t rows, int64_t tokens) const override {
    return std::max({head_room(m.state_dim, tokens), window.rowWidth(), kept.rowWidth(rows)});
  }
  int64_t seen(int64_t rows) const override { return kept.exist() ? rows : 0; }

 private:
  const mhk_ssd_mixer m;
  const Window window;
  const KeptHeads kept;

  int64_t inner() const { return m.heads * m.head_dim; }
  int64_t filtered() const { return inner() + 2 * m.groups * m.state_dim; }
  /// Where the state of a sequence's head lies; tasks are all heads of the first sequence, then of the next.
  const float *state(const Pass &pass, int64_t layer, int64_t task) const {
    const Span &span = pass.spans[static_cast<size_t>(task / m.heads)];
    return static_cast<const float *>(span.layers[layer].first) + task % m.heads * m.head_dim * m.state_dim;
  }
  // A trace is [x | B | C] before the convolution, the same after it, then step sizes and decays, then the window's, then
  // that of kept heads.
  static Columns from(Columns columns, int64_t offset) { return {columns.first + offset, columns.step}; }
  Columns steps(Columns trace) const { return from(trace, 2 * filtered()); }
  Columns decays(Columns trace) const { return from(trace, 2 * filtered() + m.heads); }
  int64_t beside() const { return 2 * filtered() + 2 * m.heads; }
  Columns beside(Columns trace) const { return from(trace, beside()); }
  Columns behind(Columns trace) const { return from(trace, beside() + window.traceWidth()); }

  void mixWindow(const Worker &worker, int64_t layer) const {
    const Pass &pass = worker.pass;
    worker.wait();
    const int64_t group = m.heads / window.tasks();
    const auto own = worker.part(static_cast<int64_t>(pass.spans.size()) * window.tasks());
    for (int64_t task = own.begin; task < own.end; task++) {
      const Span &span = pass.spans[static_cast<size_t>(task / window.tasks())];
      const int64_t kv = task % window.tasks();
      const Columns trace{pass.traces[span.first], pass.traces.step};
      const Columns mixed{pass.mixed[span.first], pass.mixed.step};
      window.mix(
          worker, span, span.layers[layer], kv, beside(trace), trace.first + filtered(), mixed);
      gate(worker, span, kv * group, group);
    }
  }

  /// After all that is not kept, in whose places it goes.
  void mixKept(const Worker &worker, int64_t layer) const {
    const Pass &pass = worker.pass;
    worker.wait();
    const auto own = worker.part(static_cast<int64_t>(pass.spans.size()) * kept.tasks());
    for (int64_t task = own.begin; task < own.end; task++) {
      const Span &span = pass.spans[static_cast<size_t>(task / kept.tasks())];
      const Columns trace{pass.traces[span.first], pass.traces.step};
      const Columns mixed{pass.mixed[span.first], pass.mixed.step};
      kept.mix(
          worker, span, span.layers[layer], task % kept.tasks(), behind(trace), trace.first + filtered(), mixed,
          [&](int64_t head) { gate(worker, span, head, 1); });
    }
  }

  /// Multiplies what some heads mixed by their gates.
  void gate(const Worker &worker, const Span &span, int64_t head, int64_t count) const {
    for (int64_t c = span.first; c < span.first + span.count; c++) {
      const float *const gate = worker.pass.gates[c] + head * m.head_dim;
      float *const y = worker.pass.mixed[c] + head * m.head_dim;
      worker.k.activate(MHK_ACTIVATE_SILU, gate, y, y, count * m.head_dim);
    }
  }

  void filter(
      const Worker &worker, int64_t layer, const mhk_weighted_sum &projection, const mhk_taps &taps, Columns trace,
      int64_t offset) const {
    const auto part = worker.product(projection, from(trace, offset));
    for (const Span &span : worker.pass.spans) {
      const mhk_layer_state &state = span.layers[layer];
      float *const raw = trace[span.first] + offset;
      worker.k.convolve(
          {&taps, static_cast<float *>(offset == 0 ? state.second : state.third), raw, raw + filtered(), trace.step,
           span.count, part.begin, part.end, worker.pass.keeps});
    }
  }

  HeadTask of(Columns trace, int64_t head, int64_t count, const mhk_layer_state &state) const {
    const int64_t group = head / (m.heads / m.groups);
    const float *const filteredX = trace.first + filtered();
    HeadTask one{};
    one.state = static_cast<float *>(state.first) + head * m.head_dim * m.state_dim;
    one.x = filteredX + head * m.head_dim;
    one.b = filteredX + inner() + group * m.state_dim;
    one.c = one.b + m.groups * m.state_dim;
    one.steps = m.rates == nullptr ? nullptr : steps(trace).first + head;
    one.decays = decays(trace).first + head;
    one.x_step = one.bc_step = one.head_step = trace.step;
    one.head_dim = m.head_dim;
    one.state_dim = m.state_dim;
    one.count = count;
    one.skip = m.skip[head];
    return one;
  }
};

}  // namespace

std::unique_ptr<Mixer> make_mixer(const mhk_ssd_mixer &shape) { return std::make_unique<SSDMixer>(shape); }

}  // namespace mohawk
