// The passes of structured state-space duality over all heads of a batch.
#include "SSDPasses.h"

#include <algorithm>
#include <optional>

#include "WorkingMemory.h"
#include "Simd/TinyNumbers.h"
#include "Tasks.h"

#define KERNEL "SSD/SSDKernels.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {

/// The type of sums, decays and states.
at::ScalarType wide(const at::Tensor &x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

/// Calls `run` with the kernels for operands of the type of x.
template <typename Run>
void with_kernels(const at::Tensor &x, const Run &run) {
  switch (x.scalar_type()) {
    case at::kDouble: return run(PICK(ssdKernels<double, double>)());
    case at::kFloat: return run(PICK(ssdKernels<float, float>)());
    default: return run(PICK(ssdKernels<BFloat16, float>)());
  }
}

/// Neighbouring heads are computed together, because what they read of a token lies together. Not where lines of several
/// heads are written past the caches into as many pages.
constexpr int64_t heads_at_once = 4, page = 4096, pieces_wanted = 8;
int64_t heads_together(const SSDOperands &operands) {
  const auto &x = operands.x;
  if (x.scalar_type() == at::kFloat && x.stride(1) * x.element_size() % page == 0) return 1;
  return std::clamp<int64_t>(operands.batch() * operands.heads() / pieces_wanted, 1, heads_at_once);
}

/// The convolutions before `count` heads from `first` on; none when there are none.
template <typename E, typename T>
std::optional<SSDFilters<E, T>> filters_of(const SSDOperands &operands, int64_t batch, int64_t first, int64_t count) {
  if (!operands.filtered()) return {};
  const auto of = [&](const SSDFilterTensors &filter, const Rows<const E> &from, int64_t channel, int64_t channels) {
    SSDFilter<E, T> one;
    one.from.length = operands.length();
    one.from.channels = channels;
    one.from.width = ssdFilterTaps;
    one.from.silu = false;
    one.from.x = from;
    one.from.taps = {numbers<T>(filter.taps) + channel, filter.taps.size(1)};
    if (filter.bias.defined()) one.from.bias = numbers<T>(filter.bias) + channel;
    if (filter.past.defined()) one.from.past = channels_of<const T>(filter.past, batch, channel);
    return one;
  };
  const int64_t p = operands.x.size(3), n = operands.b.size(3);
  return SSDFilters<E, T>{
      of(operands.xFilter, rows<const E>(operands.x, batch, first), first * p, count * p),
      of(operands.bcFilter, rows<const E>(operands.b, batch, first), first * n, count * n),
      of(operands.bcFilter, rows<const E>(operands.c, batch, first), (operands.b.size(2) + first) * n, count * n)};
}

template <typename E, typename T>
void forward_heads(const SSDKernels<E, T> &kernels, SSDOperands &operands, SSDResults &results, bool keep) {
  if (keep) operands.keep_states(kernels.stateBytes);
  const int64_t together = heads_together(operands);
  const int64_t groups = (operands.heads() + together - 1) / together;
  in_parallel(operands.batch() * groups, [&](int64_t index) {
    const int64_t batch = index / groups, first = index % groups * together;
    SSDForwardHead<E, T> some[heads_at_once];
    const int64_t count = std::min(together, operands.heads() - first);
    for (int64_t i = 0; i < count; i++) {
      some[i] = operands.head<SSDForwardHead<E, T>, E, T>(batch, first + i);
      some[i].y = rows<E>(results.y, batch, first + i);
      some[i].last = state_of<T>(results.last, batch, first + i);
    }
    const auto filters = filters_of<E, T>(operands, batch, first, count);
    kernels.forward(some, count, filters ? &*filters : nullptr);
  });
}

}  // namespace

SSDResults ssd_forward(SSDOperands &operands, bool keep) {
  const auto &x = operands.x;
  SSDResults results;
  results.y = at::empty(x.sizes(), x.options());
  results.last = at::empty({x.size(0), x.size(2), x.size(3), operands.b.size(3)}, x.options().dtype(wide(x)));
  with_kernels(x, [&](const auto &kernels) { forward_heads(kernels, operands, results, keep); });
  return results;
}

namespace {

/// Heads that share b and c add to one sum; few sums, so that there is work for every thread and little to add up.
/// How many does not depend on the threads, so that the result does not either.
int64_t shares(const SSDOperands &operands) {
  const int64_t groups = std::max<int64_t>(1, operands.batch() * operands.b.size(2));
  return std::min(operands.repeats(), (7 + groups) / groups);
}

template <typename E, typename T>
struct Backward {
  const SSDKernels<E, T> &kernels;
  const SSDOperands &operands;
  const at::Tensor &y, &last;
  SSDGradients &gradients;
  at::Tensor &skips;

  SSDBackwardHead<E, T> head(int64_t batch, int64_t head) const {
    auto one = operands.head<SSDBackwardHead<E, T>, E, T>(batch, head);
    if (y.defined()) one.yGradient = rows<const E>(y, batch, head);
    one.lastGradient = state_of<T>(last, batch, head);
    one.xGradient = rows<E>(gradients.x, batch, head);
    one.logDecayGradient = rows<T>(gradients.logDecay, batch, head);
    one.initialGradient = state_of<T>(gradients.state, batch, head);
    if (skips.defined()) one.skipGradient = numbers<T>(skips) + batch * operands.heads() + head;
    return one;
  }

  /// Every head has b and c of its own.
  void alone() const {
    const int64_t together = heads_together(operands);
    const int64_t groups = (operands.heads() + together - 1) / together;
    in_parallel(operands.batch() * groups, [&](int64_t index) {
      const int64_t batch = index / groups, first = index % groups * together;
      SSDBackwardHead<E, T> some[heads_at_once];
      const int64_t count = std::min(together, operands.heads() - first);
      for (int64_t i = 0; i < count; i++) {
        some[i] = head(batch, first + i);
        some[i].bGradient = rows<E>(gradients.b, batch, first + i);
        some[i].cGradient = rows<E>(gradients.c, batch, first + i);
      }
      auto filters = filters_of<E, T>(operands, batch, first, count);
      if (filters) {
        filters->x.gradient = some[0].xGradient;
        filters->b.gradient = some[0].bGradient;
        filters->c.gradient = some[0].cGradient;
        const int64_t x = first * operands.x.size(3), b = first * operands.b.size(3);
        filters->x.tapGradients = channels_of<T>(gradients.xTaps, batch, x);
        filters->b.tapGradients = channels_of<T>(gradients.bcTaps, batch, b);
        filters->c.tapGradients = channels_of<T>(gradients.bcTaps, batch, operands.b.size(2) * operands.b.size(3) + b);
      }
      kernels.backward(some, count, filters ? &*filters : nullptr);
    });
  }

  void shared() const {
    const int64_t repeats = operands.repeats(), groups = operands.b.size(2), slices = shares(operands);
    const auto &b = operands.b;
    const auto options = b.options().dtype(c10::CppTypeToScalarType<T>::value);
    const auto bSums = at::zeros({slices, b.size(0), b.size(1), groups, b.size(3)}, options);
    const auto cSums = at::zeros_like(bSums);
    in_parallel(operands.batch() * groups * slices, [&](int64_t index) {
      const int64_t slice = index % slices, group = index / slices % groups, batch = index / slices / groups;
      const int64_t end = (slice + 1) * repeats / slices;
      for (int64_t r = slice * repeats / slices; r < end; r += heads_at_once) {
        SSDBackwardHead<E, T> some[heads_at_once];
        const int64_t count = std::min(heads_at_once, end - r);
        for (int64_t i = 0; i < count; i++) {
          some[i] = head(batch, group * repeats + r + i);
          some[i].bSum = rows<T>(bSums.select(0, slice), batch, group);
          some[i].cSum = rows<T>(cSums.select(0, slice), batch, group);
        }
        kernels.backward(some, count, nullptr);
      }
    });
    gradients.b.copy_(slices > 1 ? bSums.sum(0) : bSums[0]);
    gradients.c.copy_(slices > 1 ? cSums.sum(0) : cSums[0]);
  }
};

template <typename E, typename T>
void backward_heads(
    const SSDKernels<E, T> &kernels, const SSDOperands &operands, const at::Tensor &y, const at::Tensor &last,
    SSDGradients &gradients, at::Tensor &skips) {
  const Backward<E, T> backward{kernels, operands, y, last, gradients, skips};
  operands.repeats() == 1 ? backward.alone() : backward.shared();
}

}  // namespace

SSDGradients ssd_backward(const SSDOperands &operands, const at::Tensor &y, const at::Tensor &last) {
  SSDGradients gradients;
  gradients.x = at::empty(operands.x.sizes(), operands.x.options());
  gradients.logDecay = at::empty(operands.logDecay.sizes(), operands.logDecay.options());
  // One behind the other, as b and c are when they were projected together: nothing has to be joined then.
  const auto &b = operands.b;
  const auto both = at::empty({b.size(0), b.size(1), 2, b.size(2), b.size(3)}, b.options());
  gradients.b = both.select(2, 0);
  gradients.c = both.select(2, 1);
  if (operands.state.defined()) gradients.state = at::empty(operands.state.sizes(), operands.state.options());
  if (operands.filtered()) {
    const auto room = [&](const at::Tensor &taps) {
      return at::empty({b.size(0), ssdFilterTaps + 1, taps.size(1)}, taps.options());
    };
    gradients.xTaps = room(operands.xFilter.taps);
    gradients.bcTaps = room(operands.bcFilter.taps);
  }
  at::Tensor skips;
  if (operands.skip.defined()) skips = at::empty({operands.batch(), operands.heads()}, operands.skip.options());
  with_kernels(operands.x, [&](const auto &kernels) {
    backward_heads(kernels, operands, y, last, gradients, skips);
  });
  if (skips.defined()) gradients.skip = skips.sum(0);
  for (auto *taps : {&gradients.xTaps, &gradients.bcTaps})
    if (taps->defined()) *taps = taps->sum(0);
  return gradients;
}

}  // namespace mohawk
