// Stage 1 without the matrices, for libtorch: checks, a head per piece of work, gradients in the forward pass.
//
// The gradient of a norm is that of its square over twice the norm, so one pass over the tiles gives both, and the
// backward pass only multiplies by the number that arrives there.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "Translation.h"
#include "WorkingMemory.h"
#include "MohawkOrientation.h"
#include "OrientationHead.h"
#include "Tasks.h"

#define KERNEL "Orientation/OrientationKernels.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Everything of one call, as the kernels read it. Rows are without gaps inside; what lies around them may have any.
struct Problem {
  at::Tensor q, k, b, c, logDecay, skip;
  double scale;
  int64_t batch() const { return q.size(0); }
  int64_t heads() const { return q.size(1); }
  int64_t length() const { return q.size(2); }
};

/// [batch, length, heads, n], a head's or a group's own; undefined without gradients.
struct Gradient {
  at::Tensor b, c, logDecay, skip;
};

template <typename E, typename G>
void orientHeads(void (*kernel)(const OrientationHead<E, G> &), const Problem &p, Gradient &gradient, double *norms) {
  const auto shift = [](const at::Tensor &t, int64_t first, int64_t at0, int64_t second, int64_t at1) {
    return t.stride(first) * at0 + t.stride(second) * at1;
  };
  const int64_t pieces = p.batch() * p.heads();
  in_parallel(pieces, [&](int64_t piece) {
    const int64_t row = piece / p.heads(), head = piece % p.heads();
    const int64_t key = head / (p.heads() / p.k.size(1)), group = head / (p.heads() / p.b.size(2));
    const auto from = [](const at::Tensor &t) { return static_cast<const E *>(t.const_data_ptr()); };
    OrientationHead<E, G> one{};
    one.length = p.length();
    one.teacherDim = p.q.size(3);
    one.stateDim = p.b.size(3);
    one.scale = p.scale;
    one.skip = p.skip.const_data_ptr<double>()[head];
    one.share = 1 / static_cast<double>(pieces);
    one.q = {from(p.q) + shift(p.q, 0, row, 1, head), p.q.stride(2)};
    one.k = {from(p.k) + shift(p.k, 0, row, 1, key), p.k.stride(2)};
    one.b = {from(p.b) + shift(p.b, 0, row, 2, group), p.b.stride(1)};
    one.c = {from(p.c) + shift(p.c, 0, row, 2, group), p.c.stride(1)};
    one.logDecay = {
        p.logDecay.const_data_ptr<double>() + shift(p.logDecay, 0, row, 2, head), p.logDecay.stride(1)};
    one.norm = norms + piece;
    if (gradient.b.defined()) {
      const auto to = [&](const at::Tensor &t) {
        return Rows<G>{static_cast<G *>(t.data_ptr()) + shift(t, 0, row, 2, head), t.stride(1)};
      };
      one.bGradient = to(gradient.b);
      one.cGradient = to(gradient.c);
      one.logDecayGradient = {
          gradient.logDecay.data_ptr<double>() + shift(gradient.logDecay, 0, row, 2, head), gradient.logDecay.stride(1)};
      one.skipGradient = gradient.skip.data_ptr<double>() + piece;
    }
    kernel(one);
  });
}

/// The sum over the heads that share one B and C.
at::Tensor grouped(const at::Tensor &gradient, const at::Tensor &operand) {
  if (gradient.size(2) == operand.size(2)) return gradient;
  const auto parts = gradient.unflatten(2, {operand.size(2), gradient.size(2) / operand.size(2)});
  return parts.sum(3).to(operand.scalar_type());
}

/// The mean norm and, when asked for, its gradients.
double orient(const Problem &p, Gradient *gradients) {
  const auto type = p.b.scalar_type();
  const bool shared = p.b.size(2) != p.heads();
  Gradient gradient;
  if (gradients) {
    const auto own = type == at::kBFloat16 && shared ? at::kFloat : type;
    const std::vector<int64_t> shape{p.batch(), p.length(), p.heads(), p.b.size(3)};
    gradient.b = at::zeros(shape, own);
    gradient.c = at::zeros(shape, own);
    gradient.logDecay = at::zeros({p.batch(), p.length(), p.heads()}, at::kDouble);
    gradient.skip = at::zeros({p.batch(), p.heads()}, at::kDouble);
  }
  std::vector<double> norms(static_cast<size_t>(p.batch() * p.heads()));
  if (p.length() == 0) {
    // Every norm is 0.
  } else if (type == at::kDouble) {
    orientHeads(PICK(orientation::orient<double, double>), p, gradient, norms.data());
  } else if (type == at::kFloat) {
    orientHeads(PICK(orientation::orient<float, float>), p, gradient, norms.data());
  } else if (shared) {
    orientHeads(PICK(orientation::orient<BFloat16, float>), p, gradient, norms.data());
  } else {
    orientHeads(PICK(orientation::orient<BFloat16, BFloat16>), p, gradient, norms.data());
  }
  if (gradients) *gradients = {grouped(gradient.b, p.b), grouped(gradient.c, p.c), gradient.logDecay, gradient.skip.sum(0)};
  double sum = 0;
  for (double norm : norms) sum += norm;
  return sum / static_cast<double>(norms.size());
}

/// Without gaps in the last dimension.
at::Tensor inRows(const at::Tensor &x) { return x.size(-1) <= 1 || x.stride(-1) == 1 ? x : x.contiguous(); }

struct Orientation : torch::autograd::Function<Orientation> {
  static at::Tensor forward(
      AutogradContext *context, const at::Tensor &q, const at::Tensor &k, double scale, const at::Tensor &b,
      const at::Tensor &c, const at::Tensor &logDecay, const at::Tensor &skip, bool withGradients) {
    Problem problem{inRows(q), inRows(k), inRows(b), inRows(c), logDecay.to(at::kDouble),
                    skip.to(at::kDouble).contiguous(), scale};
    Gradient gradient;
    const double value = orient(problem, withGradients ? &gradient : nullptr);
    if (withGradients) {
      context->save_for_backward(
          {gradient.b, gradient.c, gradient.logDecay.to(logDecay.scalar_type()), gradient.skip.to(skip.scalar_type())});
    }
    return at::full({}, value, b.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  }

  static variable_list backward(AutogradContext *context, const variable_list &outputs) {
    const auto saved = context->get_saved_variables();
    // In their place: nobody needs them again, and where somebody does, libtorch sees that they were changed.
    const auto times = [&](const at::Tensor &gradient) { return gradient.mul_(outputs[0].to(gradient.scalar_type())); };
    const at::Tensor none;
    return {none, none, none, times(saved[0]), times(saved[1]), times(saved[2]), times(saved[3]), none};
  }
};

at::Tensor orientation(
    const at::Tensor &q, const at::Tensor &k, double scale, const at::Tensor &b, const at::Tensor &c,
    const at::Tensor &logDecay, const at::Tensor &skip) {
  TORCH_CHECK(q.dim() == 4 && k.dim() == 4 && b.dim() == 4 && c.dim() == 4, "q, k, b and c have four dimensions");
  const int64_t batch = q.size(0), heads = q.size(1), length = q.size(2);
  TORCH_CHECK(k.size(0) == batch && k.size(2) == length && k.size(3) == q.size(3), "q and k do not fit");
  TORCH_CHECK(k.size(1) > 0 && heads % k.size(1) == 0, heads, " heads are no multiple of ", k.size(1), " of k");
  TORCH_CHECK(b.sizes() == c.sizes() && b.size(0) == batch && b.size(1) == length, "b, c and q do not fit");
  TORCH_CHECK(b.size(2) > 0 && heads % b.size(2) == 0, heads, " heads are no multiple of ", b.size(2), " of b");
  TORCH_CHECK(q.size(3) > 0 && b.size(3) > 0, "heads of no width");
  TORCH_CHECK(logDecay.sizes() == at::IntArrayRef({batch, length, heads}), "log-decays of another shape");
  TORCH_CHECK(skip.sizes() == at::IntArrayRef({heads}), "skip of another shape");
  for (const auto &x : {q, k, b, c, logDecay, skip}) TORCH_CHECK(x.is_cpu(), "only on the CPU");
  const auto type = b.scalar_type() == at::kDouble || b.scalar_type() == at::kBFloat16 ? b.scalar_type() : at::kFloat;
  const bool withGradients = at::GradMode::is_enabled() && (b.requires_grad() || c.requires_grad() ||
                                                             logDecay.requires_grad() || skip.requires_grad());
  return Orientation::apply(
      q.detach().to(type), k.detach().to(type), scale, b.to(type), c.to(type), logDecay, skip, withGradients);
}

}  // namespace
}  // namespace mohawk

extern "C" mhk_error mhk_orientation(
    mhk_tensor q, mhk_tensor k, double scale, mhk_tensor b, mhk_tensor c, mhk_tensor log_decay, mhk_tensor skip,
    mhk_tensor *out) {
  using namespace mohawk;
  return guarded(
      [&] { *out = wrap(orientation(get(q), get(k), scale, get(b), get(c), get(log_decay), get(skip))); });
}
