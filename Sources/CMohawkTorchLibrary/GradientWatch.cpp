#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <unordered_set>

#include "Translation.h"

using namespace mohawk;

namespace {

/// Who waits for the gradients of leaves.
struct Watch {
  std::vector<at::Tensor> leaves;
  std::vector<bool> isComplete;
  void (*found)(void *, int32_t);
  void *context;
  /// Whether the pass that runs completes what it reaches.
  bool completes = false;

  void tell(int32_t leaf) {
    isComplete[leaf] = true;
    found(context, leaf);
  }
};

thread_local std::unique_ptr<Watch> watch;

/// Called by libtorch when it has added to a leaf's gradient.
struct Hook : torch::autograd::PostAccumulateGradHook {
  Watch &watch;
  const int32_t leaf;
  Hook(Watch &watch, int32_t leaf) : watch(watch), leaf(leaf) {}

  void operator()(const at::Tensor &) override {
    TORCH_CHECK(!watch.isComplete[leaf], "the gradient of leaf ", leaf, " changes after it was complete");
    if (watch.completes) watch.tell(leaf);
  }
};

/// The leaves that a backward pass from a tensor reaches.
std::unordered_set<const at::TensorImpl *> reached(const at::Tensor &from) {
  std::unordered_set<const at::TensorImpl *> leaves;
  std::unordered_set<torch::autograd::Node *> seen;
  const auto root = torch::autograd::impl::gradient_edge(from);
  std::vector<torch::autograd::Node *> open{root.function.get()};
  while (!open.empty()) {
    auto *const node = open.back();
    open.pop_back();
    if (node == nullptr || !seen.insert(node).second) continue;
    if (auto *const leaf = dynamic_cast<torch::autograd::AccumulateGrad *>(node)) {
      leaves.insert(leaf->variable.unsafeGetTensorImpl());
    }
    for (const auto &edge : node->next_edges()) open.push_back(edge.function.get());
  }
  return leaves;
}

}  // namespace

extern "C" {

mhk_error mhk_watch_begin(const mhk_tensor *leaves, int32_t count, void (*found)(void *, int32_t), void *context) {
  return guarded([&] {
    TORCH_CHECK(watch == nullptr, "the gradients of other leaves are watched");
    watch = std::make_unique<Watch>();
    watch->leaves = list(leaves, count);
    watch->isComplete.assign(static_cast<size_t>(count), false);
    watch->found = found;
    watch->context = context;
    for (int32_t i = 0; i < count; i++) {
      torch::autograd::impl::set_post_acc_grad_hooks(watch->leaves[i], std::make_unique<Hook>(*watch, i));
    }
  });
}

void mhk_watch_end(void) {
  if (watch == nullptr) return;
  for (const auto &leaf : watch->leaves) torch::autograd::impl::set_post_acc_grad_hooks(leaf, nullptr);
  watch = nullptr;
}

mhk_error mhk_backward_completing(mhk_tensor a, mhk_tensor gradient, bool all) {
  return guarded([&] {
    if (watch != nullptr && all) {
      const auto leaves = reached(get(a));
      for (size_t i = 0; i < watch->leaves.size(); i++) {
        if (!watch->isComplete[i] && leaves.count(watch->leaves[i].unsafeGetTensorImpl()) == 0) {
          watch->tell(static_cast<int32_t>(i));
        }
      }
    }
    std::vector<at::Tensor> seeds;
    if (gradient.object != nullptr) seeds.push_back(get(gradient));
    struct Completion {
      Completion() {
        if (watch != nullptr) watch->completes = true;
      }
      ~Completion() {
        if (watch != nullptr) watch->completes = false;
      }
    } completion;
    torch::autograd::backward({get(a)}, seeds);
  });
}

}  // extern "C"
