// Mamba.
#include <algorithm>
#include <limits>

#include "Plan.h"

namespace mohawk {
namespace {

class ScanMixer : public Mixer {
 public:
  explicit ScanMixer(const mhk_scan_mixer &shape) : m(shape) {}

  void enter(const Worker &worker, int64_t layer) const override {
    const Columns trace = worker.pass.traces;
    const auto part = worker.product(m.x, trace);
    for (const Span &span : worker.pass.spans) {
      float *const raw = trace[span.first];
      worker.k.convolve(
          {&m.taps, static_cast<float *>(span.layers[layer].second), raw, raw + m.channels, trace.step,
           span.count, part.begin, part.end, worker.pass.keeps});
    }
    worker.product(m.z, worker.pass.gates);
  }

  void mix(const Worker &worker, int64_t layer) const override {
    const Pass &pass = worker.pass;
    const Columns trace = pass.traces;
    float *const own = worker.scratch.normalised.data();
    gather(own, trace, m.channels, m.channels, pass.columns);
    worker.multiplyBy(own, m.channels, pass.columns);
    worker.product(m.parameters, parameters(trace));
    worker.wait();
    gather(own, trace, 3 * m.channels, m.rank, pass.columns);
    worker.multiplyBy(own, m.rank, pass.columns);
    const auto part = worker.product(m.steps, steps(trace));
    const int64_t count = part.end - part.begin;
    constexpr float unlimited = std::numeric_limits<float>::infinity();
    for (int64_t c = 0; c < pass.columns; c++)
      worker.k.boundedSoftplus(steps(trace)[c] + part.begin, nullptr, 0, unlimited, count);
    for (const Span &span : pass.spans) {
      Columns here = trace;
      here.first = trace[span.first];
      ScanTask one = of(here, span.count, span.layers[layer]);
      one.y = pass.mixed[span.first];
      one.y_step = pass.mixed.step;
      one.keeps = pass.keeps;
      one.row = worker.scratch.row.data();
      one.begin = part.begin;
      one.end = part.end;
      worker.k.scan(one);
    }
    for (int64_t c = 0; c < pass.columns; c++) {
      float *const y = pass.mixed[c] + part.begin;
      worker.k.activate(MHK_ACTIVATE_SILU, pass.gates[c] + part.begin, y, y, count);
    }
  }

  void leave(const Worker &worker, float residual, const mhk_normalisation &norm) const override {
    worker.multiplyBy(worker.pass.mixed.first, m.channels, worker.pass.columns);
    worker.productToHidden(m.out, residual, norm);
  }

  void replay(Columns trace, int64_t count, const mhk_layer_state &state, const Kernels &k, float *row) const override {
    k.convolve(
        {&m.taps, static_cast<float *>(state.second), trace.first, nullptr, trace.step, count, 0, m.channels, true});
    ScanTask one = of(trace, count, state);
    one.keeps = true;
    one.row = row;
    one.end = m.channels;
    k.scan(one);
  }

  int64_t traceWidth() const override { return 3 * m.channels + m.rank + 2 * m.state_dim; }
  int64_t gateWidth() const override { return m.channels; }
  int64_t mixedWidth() const override { return m.channels; }
  int64_t rowWidth(int64_t, int64_t) const override { return m.state_dim; }

 private:
  const mhk_scan_mixer m;

  // A trace is x before the convolution, x after it, step sizes, and [rank | B | C].
  Columns steps(Columns trace) const { return {trace.first + 2 * m.channels, trace.step}; }
  Columns parameters(Columns trace) const { return {trace.first + 3 * m.channels, trace.step}; }

  /// Numbers offset ..< offset + width of every column, one column after another.
  static void gather(float *to, Columns from, int64_t offset, int64_t width, int64_t count) {
    for (int64_t c = 0; c < count; c++) std::copy_n(from[c] + offset, width, to + c * width);
  }

  ScanTask of(Columns trace, int64_t count, const mhk_layer_state &state) const {
    ScanTask one{};
    one.state = static_cast<float *>(state.first);
    one.x = trace.first + m.channels;
    one.steps = steps(trace).first;
    one.b = parameters(trace).first + m.rank;
    one.c = one.b + m.state_dim;
    one.rates = m.rates;
    one.skip = m.skip;
    one.x_step = one.bc_step = trace.step;
    one.state_dim = m.state_dim;
    one.count = count;
    return one;
  }
};

}  // namespace

std::unique_ptr<Mixer> make_mixer(const mhk_scan_mixer &shape) { return std::make_unique<ScanMixer>(shape); }

}  // namespace mohawk
