// What the device does itself: making tensors, viewing and copying them. All else libtorch computes on the processor, with
// copies of the operands, which have to be on the device.
#include <ATen/EmptyTensor.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include "PretendMemory.h"

namespace pretend {
namespace {

/// How many operations this thread is inside of, whose copies are nobody's wish.
thread_local int depth = 0;

struct Inside {
  Inside() { depth++; }
  ~Inside() { depth--; }
};

c10::DispatchKeySet keys() { return c10::DispatchKeySet(c10::DispatchKey::PrivateUse1); }

at::Tensor empty(c10::IntArrayRef sizes, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(sizes, allocator(), keys(), c10::dtype_or_default(type), format);
}

at::Tensor empty_strided(c10::IntArrayRef sizes, c10::IntArrayRef strides, std::optional<at::ScalarType> type,
                         std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(sizes, strides, allocator(), keys(), c10::dtype_or_default(type));
}

at::Tensor as_strided(const at::Tensor &self, c10::IntArrayRef sizes, c10::IntArrayRef strides,
                      std::optional<int64_t> offset) {
  return at::native::as_strided_tensorimpl(self, sizes, strides, offset);
}

at::Tensor copy_from(const at::Tensor &self, const at::Tensor &target, bool) {
  if (depth == 0 && self.device() != target.device()) {
    const bool isUp = target.is_privateuseone();
    (isUp ? traffic().bytesUp : traffic().bytesDown) += static_cast<int64_t>(self.nbytes());
    (isUp ? traffic().timesUp : traffic().timesDown) += 1;
  }
  visible(target).copy_(visible(self));
  return target;
}

const at::Tensor &resize(const at::Tensor &self, c10::IntArrayRef sizes, std::optional<at::MemoryFormat>) {
  auto *const tensor = self.unsafeGetTensorImpl();
  tensor->set_sizes_contiguous(sizes);
  const auto needed = static_cast<size_t>(tensor->storage_offset() + tensor->numel()) * tensor->itemsize();
  if (needed > self.storage().nbytes()) {
    self.storage().set_data_ptr_noswap(allocator()->allocate(needed));
    self.storage().set_nbytes(needed);
  }
  return self;
}

at::Tensor copy_from_and_resize(const at::Tensor &self, const at::Tensor &target) {
  if (self.sizes() != target.sizes()) target.resize_(self.sizes());
  return copy_from(self, target, false);
}

at::Scalar local_scalar(const at::Tensor &self) {
  if (depth == 0) {
    traffic().bytesDown += static_cast<int64_t>(self.nbytes());
    traffic().timesDown += 1;
  }
  return visible(self).item();
}

/// A single number may come from the processor, as with every device.
void require(const c10::OperatorHandle &op, const at::Tensor &operand) {
  if (!operand.defined() || operand.is_privateuseone() || operand.dim() == 0) return;
  TORCH_CHECK(false, op.schema().name(), ": an operand ", operand.sizes(), " is on ", operand.device(),
              ", others are on the device");
}

void compute(const c10::OperatorHandle &op, torch::jit::Stack *stack) {
  const Inside inside;
  for (const auto &operand : torch::jit::last(*stack, op.schema().arguments().size())) {
    if (operand.isTensor()) require(op, operand.toTensor());
    if (operand.isTensorList()) {
      for (const at::Tensor &one : operand.toTensorVector()) require(op, one);
    }
    if (operand.isOptionalTensorList()) {
      for (const std::optional<at::Tensor> &one : operand.toOptionalTensorList()) {
        if (one) require(op, *one);
      }
    }
  }
  at::native::cpu_fallback(op, stack);
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("as_strided", &as_strided);
  m.impl("view", &at::native::view);
  m.impl("_reshape_alias", &at::native::_reshape_alias);
  m.impl("unfold", &at::native::unfold);
  m.impl("_copy_from", &copy_from);
  m.impl("_copy_from_and_resize", &copy_from_and_resize);
  m.impl("resize_", &resize);
  m.impl("_local_scalar_dense", &local_scalar);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>()); }

}  // namespace pretend
