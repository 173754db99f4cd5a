#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "TensorHeap.h"
#include "Translation.h"

using namespace mohawk;

namespace {

// Heaps are never destroyed: tensors outlive statics.
TensorHeap &large_tensors() {
  static TensorHeap *const heap = new TensorHeap;
  return *heap;
}
TensorHeap &kept_tensors() {
  static TensorHeap *const heap = new TensorHeap(size_t{16} << 20);
  return *heap;
}

// Large tensors have a heap of their own; small ones lie among everything else that is small.
struct TensorAllocator final : c10::Allocator {
  static constexpr size_t alignment = TensorHeap::alignment;
  /// What is smaller belongs into the C library's heap.
  static constexpr size_t large = 32 << 10;

  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &releaseSmall, device};
    const bool isLarge = bytes >= large;
    void *const numbers = isLarge ? large_tensors().take(bytes)
                                  : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    TORCH_CHECK(numbers != nullptr, "no memory for ", bytes, " bytes");
    return {numbers, numbers, isLarge ? &releaseLarge : &releaseSmall, device};
  }
  void copy_data(void *to, const void *from, size_t count) const override { default_copy_data(to, from, count); }

  static void releaseSmall(void *numbers) { std::free(numbers); }
  static void releaseLarge(void *numbers) { large_tensors().give(numbers); }
};

at::Tensor kept(const at::Tensor &tensor) {
  if (!tensor.is_cpu() || tensor.numel() == 0) return tensor.detach().clone();
  void *const numbers = kept_tensors().take(tensor.nbytes());
  TORCH_CHECK(numbers != nullptr, "no memory for ", tensor.nbytes(), " bytes");
  auto copy = at::from_blob(
      numbers, tensor.sizes(), [](void *place) { kept_tensors().give(place); }, tensor.options().requires_grad(false));
  copy.copy_(tensor.detach());
  return copy;
}

}  // namespace

extern "C" {

bool mhk_keep_freed_memory(void) {
  static TensorAllocator allocator;
  c10::SetCPUAllocator(&allocator);
#if defined(__GLIBC__)
  // Large temporaries of libtorch's parts come from the C library's heap and stay mapped.
  bool done = mallopt(M_MMAP_MAX, 0) == 1;
  done = mallopt(M_TRIM_THRESHOLD, -1) == 1 && done;  // -1 becomes the largest size_t: never trim
  return mallopt(M_TOP_PAD, 256 << 20) == 1 && done;
#else
  return false;
#endif
}

mhk_error mhk_clone_kept(mhk_tensor a, mhk_tensor *out) {
  return guarded([&] { *out = wrap(kept(get(a))); });
}

}  // extern "C"
