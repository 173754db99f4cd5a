// What layers add to the stream between them, and how far two layers' additions are apart.
#include "MohawkStream.h"

#include <torch/csrc/autograd/custom_function.h>

#include "Translation.h"
#include "Tasks.h"

namespace mohawk {
namespace {
struct StreamPass {
  const void *stream, *first, *second;  // second may be null
  void *out;
};
struct DistancePass {
  const void *a, *b;
  void *out;
  double *distances;
  int64_t width;
  double factor;
  double rounding;  // rows nearer than this share of b are equal
};

// Two ways to compute the same row differ by this share of it at most: some units of the type's last digit, for bf16, which
// is rounded once after sums in fp32, one.
double rowRounding(at::ScalarType type) {
  if (type == at::kDouble) return 0x1p-49;
  return type == at::kFloat ? 0x1p-20 : 0x1p-8;
}
}  // namespace
}  // namespace mohawk

#define KERNEL "Stream/StreamRows.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {
using c10::BFloat16;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Addition = void (*)(const StreamPass &, int64_t, int64_t);
using Distance = void (*)(const DistancePass &, int64_t, int64_t);

Addition addition(at::ScalarType stream, at::ScalarType added) {
  if (stream == at::kDouble) return &portable::addToStream<portable::Lane<double>, double, double>;
  if (stream == at::kFloat) return added == at::kFloat ? PICK_LANES(addToStream, float, float) : PICK_LANES(addToStream, float, BFloat16);
  return PICK_LANES(addToStream, BFloat16, BFloat16);
}

bool isKnown(at::ScalarType type) { return type == at::kFloat || type == at::kBFloat16 || type == at::kDouble; }

struct StreamSum : torch::autograd::Function<StreamSum> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &stream, const at::Tensor &first,
                            const std::optional<at::Tensor> &second) {
    const auto base = stream.contiguous(), one = first.contiguous();
    const auto two = second ? second->contiguous() : at::Tensor();
    auto out = at::empty_like(base);
    const StreamPass pass{base.const_data_ptr(), one.const_data_ptr(), second ? two.const_data_ptr() : nullptr,
                          out.data_ptr()};
    const auto add = addition(base.scalar_type(), one.scalar_type());
    constexpr int64_t piece = 8192;
    const int64_t count = base.numel();
    in_parallel((count + piece - 1) / piece, [&](int64_t i) { add(pass, i * piece, std::min((i + 1) * piece, count)); });
    context->saved_data["type"] = static_cast<int64_t>(one.scalar_type());
    context->saved_data["hasSecond"] = second.has_value();
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const bool hasSecond = context->saved_data["hasSecond"].toBool();
    at::Tensor added;
    if (context->needs_input_grad(1) || (hasSecond && context->needs_input_grad(2))) {
      added = gradients[0].to(static_cast<at::ScalarType>(context->saved_data["type"].toInt()));
    }
    return {gradients[0], added, hasSecond ? added : at::Tensor()};
  }
};

struct RowDistance : torch::autograd::Function<RowDistance> {
  static constexpr int64_t pieceRows = 32;

  static Distance forwardRows(at::ScalarType type) {
    if (type == at::kDouble) return &portable::rowDistances<portable::Lane<double>, double>;
    return type == at::kFloat ? PICK_LANES(rowDistances, float) : PICK_LANES(rowDistances, BFloat16);
  }
  static Distance backwardRows(at::ScalarType type) {
    if (type == at::kDouble) return &portable::distanceGradients<portable::Lane<double>, double>;
    return type == at::kFloat ? PICK_LANES(distanceGradients, float) : PICK_LANES(distanceGradients, BFloat16);
  }
  static void forRows(Distance run, const DistancePass &pass, int64_t rows) {
    in_parallel((rows + pieceRows - 1) / pieceRows,
                [&](int64_t i) { run(pass, i * pieceRows, std::min((i + 1) * pieceRows, rows)); });
  }

  static at::Tensor forward(AutogradContext *context, const at::Tensor &first, const at::Tensor &second) {
    const auto a = first.contiguous(), b = second.contiguous();
    const int64_t width = a.size(-1), rows = width > 0 ? a.numel() / width : 0;
    auto distances = at::empty({rows}, a.options().dtype(at::kDouble));
    const DistancePass pass{a.const_data_ptr(), b.const_data_ptr(), nullptr, distances.data_ptr<double>(), width, 0,
                            rowRounding(a.scalar_type())};
    forRows(forwardRows(a.scalar_type()), pass, rows);
    context->save_for_backward({a, b, distances});
    return distances.mean().to(a.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &a = saved[0];
    auto out = at::empty_like(a);
    const int64_t width = a.size(-1), rows = saved[2].numel();
    const DistancePass pass{a.const_data_ptr(), saved[1].const_data_ptr(), out.data_ptr(), saved[2].data_ptr<double>(),
                            width, gradients[0].item<double>() / static_cast<double>(std::max<int64_t>(1, rows)), 0};
    forRows(backwardRows(a.scalar_type()), pass, rows);
    return {out, at::Tensor()};
  }
};
}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" {

mhk_error mhk_stream_sum(mhk_tensor stream, mhk_tensor first, mhk_tensor second_or_null, mhk_tensor *out) {
  return guarded([&] {
    const auto &base = get(stream), &one = get(first);
    const auto two = optional(second_or_null);
    TORCH_CHECK(one.sizes() == base.sizes() && (!two || two->sizes() == base.sizes()), "the stream is ", base.sizes(),
                ", what is added ", one.sizes());
    const auto type = base.scalar_type(), added = one.scalar_type();
    const bool fits = isKnown(type) && (type == added || (type == at::kFloat && added == at::kBFloat16));
    if (base.is_cpu() && one.is_cpu() && fits && (!two || (two->is_cpu() && two->scalar_type() == added))) {
      *out = wrap(StreamSum::apply(base, one, two));
      return;
    }
    const auto sum = base + one.to(type);
    *out = wrap(two ? sum + two->to(type) : sum);
  });
}

mhk_error mhk_row_distance(mhk_tensor a, mhk_tensor b, mhk_tensor *out) {
  return guarded([&] {
    const auto &one = get(a);
    const auto other = get(b).detach().to(one.scalar_type());
    TORCH_CHECK(one.dim() > 0 && one.sizes() == other.sizes(), "no distance between ", one.sizes(), " and ", other.sizes());
    if (one.is_cpu() && other.is_cpu() && isKnown(one.scalar_type())) {
      *out = wrap(RowDistance::apply(one, other));
      return;
    }
    const auto wide = one.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const auto norm = [&](const at::Tensor &x) { return at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}); };
    const auto distances = norm(one.to(wide) - other.to(wide));
    const auto differ = distances.detach() > rowRounding(one.scalar_type()) * norm(other.to(wide));
    *out = wrap((distances * differ).mean());
  });
}

}  // extern "C"
