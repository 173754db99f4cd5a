#include <algorithm>

#include "Plan.h"

namespace mohawk {

const void *Worker::prepared(WeightFormat format) const {
  const bool blocks = format == WeightFormat::q8 || format == WeightFormat::q4;
  const int slot = blocks ? 2 : static_cast<int>(format);
  Buffer<char> &room = blocks ? scratch.blocks : scratch.prepared[slot];
  if (!ready_[slot]) {
    room.reserve(prepared_bytes(format, width_, count_));
    prepare(format, x_, width_, count_, room.data());
    ready_[slot] = true;
  }
  return room.data();
}

Worker::Part Worker::product(const mhk_weighted_sum &projection, Columns y) const {
  const WeightMatrix weights = matrix(projection.weights);
  const Part rows = part(projection);
  multiply(weights, prepared(weights.format), count_, y.first, y.step, rows.begin, rows.end);
  if (projection.bias != nullptr)
    for (int64_t c = 0; c < count_; c++)
      k.add(projection.bias + rows.begin, nullptr, 1, y[c] + rows.begin, rows.end - rows.begin);
  return rows;
}

void Worker::productToHidden(
    const mhk_weighted_sum &projection, float scale, const mhk_normalisation &norm) const {
  const Columns &y = pass.added;
  if (norm.weight != nullptr) {
    const Part rows = product(projection, y);
    wait();
    // Every thread normalises all columns for its own channels.
    const int64_t width = projection.weights.rows;
    float *const normed = scratch.normalised.data();
    for (int64_t c = 0; c < count_; c++) {
      k.normalise(y[c], norm, width, 1, normed);
      k.add(normed + rows.begin, nullptr, scale, pass.hidden[c] + rows.begin, rows.end - rows.begin);
    }
    return;
  }
  const WeightMatrix weights = matrix(projection.weights);
  const Part rows = part(projection);
  multiply(weights, prepared(weights.format), count_, y.first, y.step, rows.begin, rows.end);
  const float *const bias = projection.bias == nullptr ? nullptr : projection.bias + rows.begin;
  for (int64_t c = 0; c < count_; c++)
    k.add(y[c] + rows.begin, bias, scale, pass.hidden[c] + rows.begin, rows.end - rows.begin);
}

}  // namespace mohawk
