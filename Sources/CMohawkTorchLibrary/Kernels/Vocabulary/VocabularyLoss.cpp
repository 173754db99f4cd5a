// Losses over the vocabulary in slices of rows: logits by matrix products into buffers that are used again, one pass
// over each row that leaves the gradient in the logits' place, and matrix products from there.
#include "MohawkVocabulary.h"

#include <ATen/core/grad_mode.h>

#include "Translation.h"
#include "Projection/NarrowProduct.h"
#include "Tasks.h"

namespace mohawk {
namespace {
struct VocabularyRow {
  void *student;
  const void *teacher;
  const void *bias, *teacherBias;  // may be null
  double scale, teacherScale;      // 1 over the divisors
  double factor;                   // of the gradient
  int64_t count, target;
  // Of a sparse target: the ids that it names, their probabilities, what is left for all others, and room for their logits.
  const int32_t *ids;
  const void *probabilities;
  double rest;
  int64_t named;
  double *room;
};
}  // namespace
}  // namespace mohawk

#define KERNEL "Vocabulary/VocabularyRows.h"
#include "Simd/EveryTarget.h"

namespace mohawk {
namespace {

// A head's tensors, checked and laid out.
struct Head {
  at::Tensor hidden, weight, bias;
  double divisor;

  explicit Head(const mhk_head &from) : hidden(get(from.hidden).contiguous()), weight(get(from.weight).contiguous()) {
    divisor = from.divisor;
    TORCH_CHECK(hidden.is_cpu() && weight.is_cpu() && hidden.scalar_type() == weight.scalar_type(),
                "hidden states and head must be on the CPU and of one type");
    TORCH_CHECK(hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1), "hidden states ",
                hidden.sizes(), " do not fit a head ", weight.sizes());
    if (from.bias_or_null.object == nullptr) return;
    bias = get(from.bias_or_null).contiguous();
    TORCH_CHECK(bias.is_cpu() && bias.numel() == weight.size(0) && bias.scalar_type() == sums(), "the bias must be ",
                sums(), " [", weight.size(0), "]");
  }

  int64_t rows() const { return hidden.size(0); }
  int64_t vocabulary() const { return weight.size(0); }
  at::ScalarType sums() const { return hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }
  const void *biases() const { return bias.defined() ? bias.const_data_ptr() : nullptr; }
  // The products for some rows, without bias and divisor.
  void project(int64_t first, at::Tensor &out) const {
    product_out(out, hidden.narrow(0, first, out.size(0)), weight.t());
  }
};

// The most likely ids of every row, checked.
struct Sparse {
  at::Tensor ids, probabilities, rest;

  Sparse(const mhk_top &from, const Head &head)
      : ids(get(from.ids).contiguous()), probabilities(get(from.probabilities).contiguous()), rest(get(from.rest).contiguous()) {
    TORCH_CHECK(ids.is_cpu() && ids.scalar_type() == at::kInt && ids.dim() == 2 && ids.size(0) == head.rows() &&
                    ids.size(1) > 0 && ids.size(1) <= head.vocabulary(),
                "ids must be int32 [rows, 1 to ", head.vocabulary(), "], not ", ids.sizes());
    TORCH_CHECK(probabilities.is_cpu() && probabilities.sizes() == ids.sizes() && rest.is_cpu() &&
                    rest.numel() == head.rows() && probabilities.scalar_type() == head.sums() &&
                    rest.scalar_type() == head.sums(),
                "probabilities and their rest must be ", head.sums(), ", one for every id and one for every row");
    const auto *const values = ids.const_data_ptr<int32_t>();
    for (int64_t i = 0; i < ids.numel(); i++) {
      TORCH_CHECK(values[i] >= 0 && values[i] < head.vocabulary(), "id ", values[i], " is outside of a vocabulary of ",
                  head.vocabulary());
    }
  }

  int64_t named() const { return ids.size(1); }
  void point(VocabularyRow &row, int64_t index) const {
    row.ids = ids.const_data_ptr<int32_t>() + index * named();
    row.probabilities = static_cast<const char *>(probabilities.const_data_ptr()) +
                        index * named() * static_cast<int64_t>(probabilities.element_size());
    row.rest = rest.scalar_type() == at::kDouble ? rest.const_data_ptr<double>()[index]
                                                 : static_cast<double>(rest.const_data_ptr<float>()[index]);
    row.named = named();
  }
};

using RowPass = double (*)(const VocabularyRow &);
using ColumnPass = void (*)(const void *, int64_t, int64_t, int64_t, int64_t, void *);

enum class TargetKind { teacher, token, sparse };

template <typename T>
RowPass rowPass(TargetKind aim) {
  switch (aim) {
    case TargetKind::teacher: return PICK_LANES(distilRow, T);
    case TargetKind::token: return PICK_LANES(predictRow, T);
    case TargetKind::sparse: return PICK_LANES(sparseRow, T);
  }
  TORCH_CHECK(false, "no such loss");
}

RowPass rowPass(at::ScalarType type, TargetKind aim) {
  using Doubles = portable::Lane<double>;
  switch (type) {
    case at::kFloat: return rowPass<float>(aim);
    case at::kBFloat16: return rowPass<c10::BFloat16>(aim);
    case at::kDouble:
      return aim == TargetKind::teacher ? &portable::distilRow<Doubles, double>
             : aim == TargetKind::token ? &portable::predictRow<Doubles, double>
                                 : &portable::sparseRow<Doubles, double>;
    default: TORCH_CHECK(false, "no loss over the vocabulary in ", type);
  }
}

ColumnPass columnPass(at::ScalarType type) {
  if (type == at::kDouble) return &portable::addColumns<portable::Lane<double>, double>;
  return type == at::kFloat ? PICK_LANES(addColumns, float) : PICK_LANES(addColumns, c10::BFloat16);
}

at::Tensor target(mhk_tensor handle, at::IntArrayRef shape, at::ScalarType type, const char *name) {
  if (handle.object == nullptr) return {};
  auto tensor = get(handle);
  TORCH_CHECK(tensor.is_cpu() && tensor.is_contiguous() && tensor.sizes() == shape && tensor.scalar_type() == type,
              "the gradient of the ", name, " must be ", type, shape);
  return tensor;
}

double run(const Head &student, const Head *teacher, const int64_t *targets, const Sparse *sparse, double share,
           int64_t slice, const mhk_head_gradients &wanted) {
  const int64_t rows = student.rows(), vocabulary = student.vocabulary();
  auto hiddenGradient = target(wanted.hidden_or_null, student.hidden.sizes(), student.hidden.scalar_type(), "hidden states");
  auto weightGradient = target(wanted.weight_or_null, student.weight.sizes(), student.sums(), "weight");
  auto biasGradient = target(wanted.bias_or_null, {vocabulary}, student.sums(), "bias");
  if (weightGradient.defined() && wanted.fresh_weight && rows == 0) weightGradient.zero_();
  if (biasGradient.defined() && wanted.fresh_bias) biasGradient.zero_();
  if (rows == 0) return 0;

  const int64_t most = std::min(std::max<int64_t>(slice, 1), rows);
  const auto buffer = at::empty({most, vocabulary}, student.hidden.options());
  const auto teacherBuffer = teacher != nullptr ? at::empty_like(buffer) : at::Tensor();
  const auto pass = rowPass(buffer.scalar_type(), teacher != nullptr  ? TargetKind::teacher
                                                  : sparse != nullptr ? TargetKind::sparse
                                                                      : TargetKind::token);
  std::vector<double> room(sparse != nullptr ? static_cast<size_t>(most * sparse->named()) : 0);
  std::vector<double> losses(static_cast<size_t>(rows));
  for (int64_t first = 0; first < rows; first += most) {
    const int64_t count = std::min(most, rows - first);
    auto logits = buffer.narrow(0, 0, count);
    student.project(first, logits);
    auto aims = teacher != nullptr ? teacherBuffer.narrow(0, 0, count) : at::Tensor();
    if (teacher != nullptr) teacher->project(first, aims);
    const int64_t stride = vocabulary * static_cast<int64_t>(buffer.element_size());
    in_parallel(count, [&](int64_t i) {
      VocabularyRow row{};
      row.bias = student.biases();
      row.scale = 1 / student.divisor;
      row.factor = share / (static_cast<double>(rows) * student.divisor);
      row.count = vocabulary;
      if (teacher != nullptr) {
        row.teacherBias = teacher->biases();
        row.teacherScale = 1 / teacher->divisor;
      }
      row.student = static_cast<char *>(logits.data_ptr()) + i * stride;
      if (teacher != nullptr) row.teacher = static_cast<const char *>(aims.const_data_ptr()) + i * stride;
      if (targets != nullptr) row.target = targets[first + i];
      if (sparse != nullptr) {
        sparse->point(row, first + i);
        row.room = room.data() + i * sparse->named();
      }
      losses[static_cast<size_t>(first + i)] = pass(row);
    });
    if (hiddenGradient.defined()) {
      auto part = hiddenGradient.narrow(0, first, count);
      product_out(part, logits, student.weight);
    }
    if (weightGradient.defined()) {
      add_transposed_product(weightGradient, logits, student.hidden.narrow(0, first, count), wanted.fresh_weight && first == 0);
    }
    if (biasGradient.defined()) {
      const auto columns = columnPass(logits.scalar_type());
      constexpr int64_t block = 512;
      in_parallel((vocabulary + block - 1) / block, [&](int64_t piece) {
        const int64_t from = piece * block;
        columns(logits.const_data_ptr(), count, vocabulary, from, std::min(from + block, vocabulary),
                biasGradient.data_ptr());
      });
    }
  }
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum / static_cast<double>(rows);
}
}  // namespace
}  // namespace mohawk

using namespace mohawk;

extern "C" {

mhk_error mhk_distillation_loss(mhk_head student, mhk_head teacher, double share, int64_t slice,
                                mhk_head_gradients gradients, double *loss) {
  return guarded([&] {
    at::NoGradGuard guard;
    const Head learner(student), master(teacher);
    TORCH_CHECK(learner.rows() == master.rows() && learner.vocabulary() == master.vocabulary() &&
                    learner.hidden.scalar_type() == master.hidden.scalar_type(),
                "student and teacher differ in rows, vocabulary or type");
    *loss = run(learner, &master, nullptr, nullptr, share, slice, gradients);
  });
}

mhk_error mhk_prediction_loss(mhk_head model, mhk_tensor targets, double share, int64_t slice,
                              mhk_head_gradients gradients, double *loss) {
  return guarded([&] {
    at::NoGradGuard guard;
    const Head head(model);
    const auto ids = get(targets).contiguous();
    TORCH_CHECK(ids.is_cpu() && ids.scalar_type() == at::kLong && ids.numel() == head.rows(),
                "targets must be one int64 id per row");
    const auto *const values = ids.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < ids.numel(); i++) {
      TORCH_CHECK(values[i] >= 0 && values[i] < head.vocabulary(), "target ", values[i], " is outside of a vocabulary of ",
                  head.vocabulary());
    }
    *loss = run(head, nullptr, values, nullptr, share, slice, gradients);
  });
}

mhk_error mhk_sparse_distillation_loss(mhk_head student, mhk_top target, double share, int64_t slice,
                                       mhk_head_gradients gradients, double *loss) {
  return guarded([&] {
    at::NoGradGuard guard;
    const Head head(student);
    const Sparse sparse(target, head);
    *loss = run(head, nullptr, nullptr, &sparse, share, slice, gradients);
  });
}

}  // extern "C"
