// A model as decoding walks through it, and what one walk works on.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "Buffer.h"
#include "Kernels/Kernels.h"
#include "Matrix/Matrix.h"
#include "ThreadPool.h"

namespace mohawk {

class Mixer;

struct Layer {
  mhk_layer shape;
  std::unique_ptr<Mixer> mixer;
};

/// Some rows of activations: `step` numbers from one column to the next.
struct Columns {
  float *first = nullptr;
  int64_t step = 0;
  float *operator[](int64_t column) const { return first + column * step; }
};

/// The new tokens of one sequence: columns first ..< first + count.
struct Span {
  int64_t first, count, position, logits;
  const mhk_layer_state *layers;
};

/// One walk through all layers, as all its threads see it.
struct Pass {
  std::vector<Span> spans;
  int64_t columns, logits, threads;
  bool keeps;  // whether states move on
  int64_t longest;  // rows of keys that a new token sees at most
  Barrier *barrier;
  /// Shared between threads: [columns, ·].
  Columns hidden, traces, gates, mixed, inner, added;
  Columns angles;  // cosines, then sines of every column's position
  float *out;      // [logits, vocabulary]

  /// Cosines and sines of a column's position, from a frequency of the plan on.
  struct Angles {
    const float *cosines, *sines;
  };
  Angles anglesOf(int64_t column, int64_t first) const {
    const float *const cosines = angles[column] + first;
    return {cosines, cosines + angles.step / 2};
  }
};

/// Rotates the first 2 · pairs dimensions of a head.
inline void rotate(float *head, const Pass::Angles &angles, int64_t pairs) {
  for (int64_t i = 0; i < pairs; i++) {
    const float first = head[i], second = head[i + pairs];
    head[i] = first * angles.cosines[i] - second * angles.sines[i];
    head[i + pairs] = second * angles.cosines[i] + first * angles.sines[i];
  }
}

/// What one thread has for itself.
struct Scratch {
  Buffer<float> normalised, row;
  Buffer<char> prepared[2];  // for fp32 and bf16; both formats with blocks read what `blocks` holds
  Buffer<char> blocks;
};

/// One thread in one pass.
class Worker {
 public:
  Worker(const Pass &shared, Scratch &scratch, int64_t index, int64_t members)
      : pass(shared), scratch(scratch), k(kernels()), index(index) {
    pass.threads = members;
  }

  Pass pass;  // a copy, because traces and widths change from layer to layer
  Scratch &scratch;
  const Kernels &k;
  const int64_t index;

  void wait() const { pass.barrier->wait(pass.threads); }

  /// This thread's part of `count` things that come in steps.
  struct Part {
    int64_t begin, end;
  };
  Part part(int64_t count, int64_t step = 1) const {
    const int64_t steps = (count + step - 1) / step;
    auto border = [&](int64_t i) { return std::min(count, steps * i / pass.threads * step); };
    return {border(index), border(index + 1)};
  }

  /// From here on products are with these columns.
  void multiplyBy(const float *x, int64_t width, int64_t count) const {
    x_ = x;
    width_ = width;
    count_ = count;
    for (bool &ready : ready_) ready = false;
  }

  /// y = this thread's rows of weights x + bias; says which.
  Part product(const mhk_weighted_sum &projection, Columns y) const;
  Part part(const mhk_weighted_sum &p) const {
    return part(p.weights.rows, row_step(static_cast<WeightFormat>(p.weights.format)));
  }
  /// This thread's channels of hidden += scale · (weights x + bias), or, with a norm, += scale · norm(weights x + bias).
  void productToHidden(const mhk_weighted_sum &projection, float scale, const mhk_normalisation &norm) const;

 private:
  mutable const float *x_ = nullptr;
  mutable int64_t width_ = 0, count_ = 0;
  mutable bool ready_[3] = {};
  const void *prepared(WeightFormat format) const;
};

/// How one kind of mixer walks. All threads call all functions; between `enter` and `mix` and between `mix` and `leave`
/// they have waited for each other.
class Mixer {
 public:
  virtual ~Mixer() = default;
  /// From the normalised input, which the worker multiplies by.
  virtual void enter(const Worker &, int64_t layer) const = 0;
  virtual void mix(const Worker &, int64_t layer) const = 0;
  /// Adds the output to the stream, after a norm where there is one.
  virtual void leave(const Worker &, float residual, const mhk_normalisation &norm) const = 0;
  /// Moves a state by the first `count` tokens of a trace.
  virtual void replay(Columns trace, int64_t count, const mhk_layer_state &, const Kernels &, float *row) const = 0;

  /// Numbers per column: what is kept to move the state later, the gate, the mixed values.
  virtual int64_t traceWidth() const = 0;
  virtual int64_t gateWidth() const { return 0; }
  virtual int64_t mixedWidth() const = 0;
  /// Numbers that a thread needs for itself when a token sees `rows` rows of keys and a sequence has at most so many tokens.
  virtual int64_t rowWidth(int64_t rows, int64_t tokens) const = 0;
  /// Rows of keys that a new token sees when this many are there.
  virtual int64_t seen(int64_t) const { return 0; }
};

/// What moves a state by tokens that were only looked at: the traces of all layers.
struct Record {
  Buffer<float> numbers;
  std::vector<Columns> layers;
};

class Plan {
 public:
  explicit Plan(const mhk_plan_shape &shape)
      : shape(shape),
        frequencies(shape.frequencies, shape.frequencies + shape.rotary_pairs),
        magnitudes(shape.magnitudes, shape.magnitudes + shape.rotary_pairs) {}

  mhk_plan_shape shape;
  std::vector<double> frequencies, magnitudes;
  std::vector<Layer> layers;

  void run(const mhk_sequence *sequences, int64_t count, int64_t threads, Record *record, float *logits);
  void commit(const Record &record, int64_t count, const mhk_layer_state *layers, int64_t threads);

 private:
  Buffer<float> hidden_, traces_, gates_, mixed_, inner_, added_, angles_;
  std::vector<Scratch> scratches_;

  void reserve(Pass &pass, Record *record);
  void embed(const Pass &pass, const mhk_sequence *sequences);
  void walk(Worker &worker, const Record *record) const;
  void head(const Worker &worker) const;
};

std::unique_ptr<Mixer> make_mixer(const mhk_ssd_mixer &);
std::unique_ptr<Mixer> make_mixer(const mhk_scan_mixer &);
std::unique_ptr<Mixer> make_mixer(const mhk_attention_mixer &);

inline WeightMatrix matrix(const mhk_matrix &m) {
  return {static_cast<WeightFormat>(m.format), m.rows, m.columns, m.data};
}

}  // namespace mohawk
