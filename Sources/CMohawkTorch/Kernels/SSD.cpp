#include "SSD.h"

#include <torch/csrc/autograd/custom_function.h>

#include "../Translation.h"
#include "MohawkSSD.h"
#include "SSDTensors.h"
#include "Tasks.h"

namespace mohawk {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The type of sums, decays and states.
at::ScalarType wide(const at::Tensor &x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

struct Results {
  at::Tensor y, last, entering;
};

/// Neighbouring heads are computed together, because what they read of a token lies together. Not where lines of several
/// heads are written past the caches into as many pages.
constexpr int64_t heads_at_once = 4, page = 4096, pieces_wanted = 8;
int64_t heads_together(const SSDOperands &operands) {
  const auto &x = operands.x;
  if (x.scalar_type() == at::kFloat && x.stride(1) * x.element_size() % page == 0) return 1;
  return std::clamp<int64_t>(operands.batch() * operands.heads() / pieces_wanted, 1, heads_at_once);
}

template <typename E, typename T>
void forward_heads(const SSDKernelPair<E, T> &kernels, SSDOperands &operands, Results &results, bool keep) {
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
    kernels.forward(some, count);
  });
}

Results forward(SSDOperands &operands, bool keep) {
  const auto &x = operands.x;
  Results results;
  results.y = at::empty(x.sizes(), x.options());
  results.last = at::empty({x.size(0), x.size(2), x.size(3), operands.b.size(3)}, x.options().dtype(wide(x)));
  const auto kernels = path().ssd;
  switch (x.scalar_type()) {
    case at::kDouble: forward_heads(kernels.ofDouble, operands, results, keep); break;
    case at::kFloat: forward_heads(kernels.ofFloat, operands, results, keep); break;
    default: forward_heads(kernels.ofBFloat16, operands, results, keep); break;
  }
  results.entering = operands.entering;
  return results;
}

struct Gradients {
  at::Tensor x, b, c, logDecay, skip, state;
};

/// Heads that share b and c add to one sum; few sums, so that there is work for every thread and little to add up.
/// How many does not depend on the threads, so that the result does not either.
int64_t shares(const SSDOperands &operands) {
  const int64_t groups = std::max<int64_t>(1, operands.batch() * operands.b.size(2));
  return std::min(operands.repeats(), (7 + groups) / groups);
}

template <typename E, typename T>
struct Backward {
  const SSDKernelPair<E, T> &kernels;
  const SSDOperands &operands;
  const at::Tensor &y, &last;
  Gradients &gradients;
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
      kernels.backward(some, count);
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
        kernels.backward(some, count);
      }
    });
    gradients.b.copy_(slices > 1 ? bSums.sum(0) : bSums[0]);
    gradients.c.copy_(slices > 1 ? cSums.sum(0) : cSums[0]);
  }
};

template <typename E, typename T>
void backward_heads(
    const SSDKernelPair<E, T> &kernels, const SSDOperands &operands, const at::Tensor &y, const at::Tensor &last,
    Gradients &gradients, at::Tensor &skips) {
  const Backward<E, T> backward{kernels, operands, y, last, gradients, skips};
  operands.repeats() == 1 ? backward.alone() : backward.shared();
}

Gradients backward(const SSDOperands &operands, const at::Tensor &y, const at::Tensor &last) {
  Gradients gradients;
  gradients.x = at::empty(operands.x.sizes(), operands.x.options());
  gradients.logDecay = at::empty(operands.logDecay.sizes(), operands.logDecay.options());
  // One behind the other, as b and c are when they were projected together: nothing has to be joined then.
  const auto &b = operands.b;
  const auto both = at::empty({b.size(0), b.size(1), 2, b.size(2), b.size(3)}, b.options());
  gradients.b = both.select(2, 0);
  gradients.c = both.select(2, 1);
  if (operands.state.defined()) gradients.state = at::empty(operands.state.sizes(), operands.state.options());
  at::Tensor skips;
  if (operands.skip.defined()) skips = at::empty({operands.batch(), operands.heads()}, operands.skip.options());
  const auto kernels = path().ssd;
  switch (operands.x.scalar_type()) {
    case at::kDouble: backward_heads(kernels.ofDouble, operands, y, last, gradients, skips); break;
    case at::kFloat: backward_heads(kernels.ofFloat, operands, y, last, gradients, skips); break;
    default: backward_heads(kernels.ofBFloat16, operands, y, last, gradients, skips); break;
  }
  if (skips.defined()) gradients.skip = skips.sum(0);
  return gradients;
}

at::Tensor dense_rows(const at::Tensor &tensor) {
  return tensor.stride(-1) == 1 || tensor.size(-1) == 1 ? tensor : tensor.contiguous();
}

struct Function : torch::autograd::Function<Function> {
  static variable_list forward(
      AutogradContext *context, const at::Tensor &x, const at::Tensor &b, const at::Tensor &c,
      const at::Tensor &log_decay, const std::optional<at::Tensor> &skip, const std::optional<at::Tensor> &state,
      int64_t chunk) {
    SSDOperands operands{x, b, c, log_decay, skip.value_or(at::Tensor()), state.value_or(at::Tensor()), {}, chunk};
    auto results = mohawk::forward(operands, true);
    context->save_for_backward({x, b, c, log_decay, operands.skip, operands.state, results.entering});
    context->saved_data["chunk"] = chunk;
    context->set_materialize_grads(false);
    return {results.y, results.last};
  }

  static variable_list backward(AutogradContext *context, variable_list seeds) {
    const auto saved = context->get_saved_variables();
    const SSDOperands operands{
        saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], saved[6], context->saved_data["chunk"].toInt()};
    const auto y = seeds[0].defined() ? dense_rows(seeds[0]) : at::Tensor();
    const auto last = seeds[1].defined() ? seeds[1].contiguous() : at::Tensor();
    const auto g = mohawk::backward(operands, y, last);
    return {g.x, g.b, g.c, g.logDecay, g.skip, g.state, at::Tensor()};
  }
};

void check(const SSDOperands &o) {
  TORCH_CHECK(o.x.dim() == 4 && o.b.dim() == 4 && o.logDecay.dim() == 3 && o.chunk > 0, "no operands of SSD");
  TORCH_CHECK(o.b.sizes() == o.c.sizes(), "b and c differ in shape");
  TORCH_CHECK(o.x.sizes().slice(0, 3) == o.logDecay.sizes(), "x and log_decay differ in batch, length or heads");
  TORCH_CHECK(o.b.sizes().slice(0, 2) == o.x.sizes().slice(0, 2), "x and b differ in batch or length");
  TORCH_CHECK(o.b.size(2) > 0 && o.x.size(2) % o.b.size(2) == 0, "the heads of x are no multiple of those of b");
  const auto groups = {o.x.size(0), o.x.size(2), o.x.size(3), o.b.size(3)};
  TORCH_CHECK(!o.state.defined() || o.state.sizes() == at::IntArrayRef(groups), "a state of another shape");
  TORCH_CHECK(!o.skip.defined() || (o.skip.dim() == 1 && o.skip.size(0) == o.x.size(2)), "not one skip per head");
  TORCH_CHECK(o.x.is_cpu(), "these kernels are for CPUs");
}

}  // namespace

std::pair<at::Tensor, at::Tensor> ssd(
    const at::Tensor &x, const at::Tensor &b, const at::Tensor &c, const at::Tensor &log_decay,
    const std::optional<at::Tensor> &skip, const std::optional<at::Tensor> &state, int64_t chunk) {
  const bool exact = log_decay.scalar_type() == at::kDouble || x.scalar_type() == at::kDouble;
  const auto narrow = exact                                   ? at::kDouble
                      : x.scalar_type() == at::kBFloat16 ? at::kBFloat16
                                                              : at::kFloat;
  const auto type = exact ? at::kDouble : at::kFloat;
  SSDOperands operands{
      dense_rows(x.to(narrow)), dense_rows(b.to(narrow)), dense_rows(c.to(narrow)), log_decay.to(type),
      skip ? skip->to(type).contiguous() : at::Tensor(), state ? state->to(type).contiguous() : at::Tensor(), {}, chunk};
  check(operands);
  operands.chunk = std::min<int64_t>(chunk, 256);
  const auto &o = operands;
  bool wanted = false;
  for (const auto &tensor : {o.x, o.b, o.c, o.logDecay, o.skip, o.state})
    wanted = wanted || (tensor.defined() && tensor.requires_grad());
  at::Tensor y, last;
  if (wanted && at::GradMode::is_enabled()) {
    auto given = [](const at::Tensor &tensor) { return tensor.defined() ? std::optional(tensor) : std::nullopt; };
    auto results = Function::apply(o.x, o.b, o.c, o.logDecay, given(o.skip), given(o.state), o.chunk);
    y = results[0];
    last = results[1];
  } else {
    const auto results = forward(operands, false);
    y = results.y;
    last = results.last;
  }
  return {y.to(x.scalar_type()), last.to(log_decay.scalar_type())};
}

}  // namespace mohawk

using namespace mohawk;

extern "C" {

mhk_error mhk_ssd(
    mhk_tensor x, mhk_tensor b, mhk_tensor c, mhk_tensor log_decay, mhk_tensor skip, mhk_tensor state, int64_t chunk,
    mhk_tensor *y, mhk_tensor *last) {
  return guarded([&] {
    auto results = ssd(get(x), get(b), get(c), get(log_decay), optional(skip), optional(state), chunk);
    *y = wrap(std::move(results.first));
    *last = wrap(std::move(results.second));
  });
}

}  // extern "C"
