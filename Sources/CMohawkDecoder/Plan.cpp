#include "Plan.h"

#include <algorithm>
#include <cmath>

#include "MohawkInstructions.h"
#include "Simd/TinyNumbers.h"

namespace mohawk {
namespace {

/// The same instructions on all threads of a team, and no tiny numbers.
void together(int64_t threads, const std::function<void(int64_t, int64_t)> &body) {
  const int32_t instructions = mhk_instructions();
  run_parallel(threads, [&](int64_t index, int64_t members) {
    mhk_limit_instructions(instructions);
    const TinyNumbersAreZero tiny;
    body(index, members);
  });
}

}  // namespace

void Plan::run(const mhk_sequence *sequences, int64_t count, int64_t threads, Record *record, float *logits) {
  Pass pass{};
  pass.spans.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; i++) {
    const mhk_sequence &s = sequences[i];
    pass.spans.push_back({pass.columns, s.count, s.position, s.logits, s.layers});
    pass.columns += s.count;
    pass.logits += s.logits;
    for (size_t l = 0; l < layers.size(); l++)
      pass.longest = std::max(pass.longest, layers[l].mixer->seen(s.layers[l].filled + s.count));
  }
  pass.threads = threads;
  pass.keeps = record == nullptr;
  pass.out = logits;
  Barrier barrier;
  pass.barrier = &barrier;
  reserve(pass, record);
  embed(pass, sequences);
  together(threads, [&](int64_t index, int64_t members) {
    Worker worker(pass, scratches_[static_cast<size_t>(index)], index, members);
    walk(worker, record);
  });
}

void Plan::reserve(Pass &pass, Record *record) {
  const int64_t d = shape.model_dim, n = pass.columns;
  int64_t trace = 0, gate = 0, mixed = 0, inner = 0, row = 0, all = 0, widest = d, most = 0;
  for (const Span &span : pass.spans) most = std::max(most, span.count);
  for (const Layer &layer : layers) {
    trace = std::max(trace, layer.mixer->traceWidth());
    all += layer.mixer->traceWidth();
    gate = std::max(gate, layer.mixer->gateWidth());
    mixed = std::max(mixed, layer.mixer->mixedWidth());
    if (layer.shape.layout != MHK_MIXER_ONLY) inner = std::max(inner, layer.shape.up.weights.rows);
    row = std::max(row, layer.mixer->rowWidth(pass.longest, most));
  }
  auto columns = [&](Buffer<float> &buffer, int64_t width) {
    buffer.reserve(n * width);
    return Columns{buffer.data(), width};
  };
  pass.hidden = columns(hidden_, d);
  pass.added = columns(added_, d);
  pass.gates = columns(gates_, gate);
  pass.mixed = columns(mixed_, mixed);
  pass.inner = columns(inner_, 2 * inner);
  pass.angles = columns(angles_, 2 * shape.rotary_pairs);
  if (record != nullptr) {
    record->numbers.reserve(n * all);
    record->layers.clear();
    float *next = record->numbers.data();
    for (const Layer &layer : layers) {
      record->layers.push_back({next, layer.mixer->traceWidth()});
      next += n * layer.mixer->traceWidth();
    }
  } else {
    pass.traces = columns(traces_, trace);
  }
  widest = std::max({widest, mixed, inner});
  if (scratches_.size() < static_cast<size_t>(pass.threads)) scratches_.resize(static_cast<size_t>(pass.threads));
  for (Scratch &scratch : scratches_) {
    scratch.normalised.reserve(n * widest);
    scratch.row.reserve(row);
  }
}

void Plan::embed(const Pass &pass, const mhk_sequence *sequences) {
  const int64_t d = shape.model_dim;
  const WeightMatrix rows = matrix(shape.embedding);
  const auto pairs = static_cast<int64_t>(frequencies.size());
  for (size_t s = 0; s < pass.spans.size(); s++) {
    const Span &span = pass.spans[s];
    for (int64_t t = 0; t < span.count; t++) {
      float *const hidden = pass.hidden[span.first + t];
      const int64_t id = sequences[s].ids[t], position = span.position + t;
      unpack(rows, id, id + 1, hidden);
      if (shape.positions != nullptr)
        for (int64_t i = 0; i < d; i++) hidden[i] += shape.positions[position * d + i];
      if (shape.embedding_scale != 1)
        for (int64_t i = 0; i < d; i++) hidden[i] *= shape.embedding_scale;
      float *const angles = pass.angles[span.first + t];
      for (int64_t i = 0; i < pairs; i++) {
        const double angle = static_cast<double>(position) * frequencies[static_cast<size_t>(i)];
        const double magnitude = magnitudes[static_cast<size_t>(i)];
        angles[i] = static_cast<float>(std::cos(angle) * magnitude);
        angles[pairs + i] = static_cast<float>(std::sin(angle) * magnitude);
      }
    }
  }
}

namespace {

/// The columns after a norm, for this thread alone; as they are where there is none.
void normalised(const Worker &worker, const mhk_normalisation &norm, int64_t width) {
  if (norm.weight == nullptr) return worker.multiplyBy(worker.pass.hidden.first, width, worker.pass.columns);
  float *const to = worker.scratch.normalised.data();
  for (int64_t c = 0; c < worker.pass.columns; c++)
    worker.k.normalise(worker.pass.hidden[c], norm, width, 1, to + c * width);
  worker.multiplyBy(to, width, worker.pass.columns);
}

/// The hidden layer of an MLP: this thread's rows of it.
void widen(const Worker &worker, const mhk_layer &layer) {
  const Pass &pass = worker.pass;
  const int64_t width = layer.up.weights.rows;
  // Without gaps, because the next product reads it so: what is gated by lies behind all columns.
  const Columns up{pass.inner.first, width}, gate{pass.inner.first + pass.columns * width, width};
  const auto rows = worker.product(layer.up, up);
  const bool gated = layer.gate.weights.data != nullptr;
  if (gated) worker.product(layer.gate, gate);
  for (int64_t c = 0; c < pass.columns; c++) {
    float *const y = up[c] + rows.begin;
    worker.k.activate(
        layer.activation, gated ? gate[c] + rows.begin : y, gated ? y : nullptr, y, rows.end - rows.begin);
  }
}

void narrow(const Worker &worker, const mhk_layer &layer) {
  worker.multiplyBy(worker.pass.inner.first, layer.up.weights.rows, worker.pass.columns);
  worker.productToHidden(layer.down, layer.residual, layer.mlp_post_norm);
}

}  // namespace

void Plan::walk(Worker &worker, const Record *record) const {
  const int64_t d = shape.model_dim;
  Pass &pass = worker.pass;
  for (int64_t l = 0; l < static_cast<int64_t>(layers.size()); l++) {
    const Layer &layer = layers[static_cast<size_t>(l)];
    const mhk_layer &s = layer.shape;
    const Mixer &mixer = *layer.mixer;
    if (record != nullptr) pass.traces = record->layers[static_cast<size_t>(l)];
    pass.mixed.step = mixer.mixedWidth();
    const bool beside = s.layout == MHK_PARALLEL || s.layout == MHK_PARALLEL_NORMS;
    normalised(worker, s.norm, d);
    mixer.enter(worker, l);
    if (s.layout == MHK_PARALLEL_NORMS) normalised(worker, s.mlp_norm, d);
    if (beside) widen(worker, s);
    worker.wait();
    mixer.mix(worker, l);
    worker.wait();
    mixer.leave(worker, s.residual, s.post_norm);
    if (beside) narrow(worker, s);
    worker.wait();
    if (s.layout != MHK_SEQUENTIAL) continue;
    normalised(worker, s.mlp_norm, d);
    widen(worker, s);
    worker.wait();
    narrow(worker, s);
    worker.wait();
  }
  head(worker);
}

void Plan::head(const Worker &worker) const {
  const Pass &pass = worker.pass;
  if (pass.logits == 0) return;
  const int64_t d = shape.model_dim;
  float *to = worker.scratch.normalised.data();
  for (const Span &span : pass.spans)
    for (int64_t t = span.count - span.logits; t < span.count; t++, to += d)
      worker.k.normalise(pass.hidden[span.first + t], shape.norm, d, 1, to);
  worker.multiplyBy(worker.scratch.normalised.data(), d, pass.logits);
  const Columns out{pass.out, shape.vocabulary};
  const auto rows = worker.product(shape.head, out);
  for (int64_t c = 0; c < pass.logits; c++) {
    if (shape.logit_divisor != 1)
      for (int64_t r = rows.begin; r < rows.end; r++) out[c][r] /= shape.logit_divisor;
    if (shape.logit_cap > 0) worker.k.softCap(out[c] + rows.begin, shape.logit_cap, rows.end - rows.begin);
  }
}

void Plan::commit(const Record &record, int64_t count, const mhk_layer_state *states, int64_t threads) {
  if (scratches_.size() < static_cast<size_t>(threads)) scratches_.resize(static_cast<size_t>(threads));
  for (Scratch &scratch : scratches_)
    for (const Layer &layer : layers) scratch.row.reserve(layer.mixer->rowWidth(0, 0));
  together(threads, [&](int64_t index, int64_t members) {
    float *const row = scratches_[static_cast<size_t>(index)].row.data();
    for (auto l = static_cast<size_t>(index); l < layers.size(); l += static_cast<size_t>(members))
      layers[l].mixer->replay(record.layers[l], count, states[l], kernels(), row);
  });
}

}  // namespace mohawk
