#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "Library.h"
#include "TensorHeap.h"
#include "Translation.h"
#include "WorkingMemory.h"

using namespace mohawk;

namespace {

// Heaps are never destroyed: tensors outlive statics.
TensorHeap &large_tensors() {
  static TensorHeap *const heap = new TensorHeap;
  return *heap;
}
TensorHeap &kept_tensors() {
  static TensorHeap *const heap = new TensorHeap;
  return *heap;
}

// Large tensors have a heap of their own; small ones lie among everything else that is small.
struct TensorAllocator final : c10::Allocator {
  static constexpr size_t alignment = TensorHeap::alignment;
  /// What is smaller belongs into the C library's heap.
  static constexpr size_t large = 32 << 10;

  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &release, device};
    void *const numbers = bytes >= large ? takeLarge(bytes) : takeSmall(bytes);
    TORCH_CHECK(numbers != nullptr, "no memory for ", bytes, " bytes");
    return {numbers, numbers, &release, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void *to, const void *from, size_t count) const override { default_copy_data(to, from, count); }

  // Before the numbers stands what malloc gave, or null where they are in the heap of large tensors.

  static void *takeLarge(size_t bytes) {
    if (bytes > SIZE_MAX - alignment) return nullptr;
    char *const block = static_cast<char *>(large_tensors().take(bytes + alignment));
    if (block == nullptr) return nullptr;
    void *const numbers = block + alignment;
    static_cast<void **>(numbers)[-1] = nullptr;
    return numbers;
  }
  /// Plain malloc with room for the alignment: glibc's aligned_alloc looks for a piece larger than what was freed by a
  /// tensor of the same size, so that a gap between two living tensors is never filled again. malloc aligns to 16
  /// bytes, so at least as many lie before the numbers.
  static void *takeSmall(size_t bytes) {
    void *const piece = std::malloc(bytes + alignment);
    if (piece == nullptr) return nullptr;
    void *const numbers = static_cast<char *>(piece) + alignment - reinterpret_cast<uintptr_t>(piece) % alignment;
    static_cast<void **>(numbers)[-1] = piece;
    return numbers;
  }
  static void release(void *numbers) {
    if (numbers == nullptr) return;
    void *const piece = static_cast<void **>(numbers)[-1];
    piece == nullptr ? large_tensors().give(static_cast<char *>(numbers) - alignment) : std::free(piece);
  }
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

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOHAWK_WATCHED 1  // by the sanitizer, which knows the C library's blocks
#endif
#endif

void *mohawk::take_working_memory(size_t bytes) {
#if MOHAWK_WATCHED
  return ::operator new(bytes, std::align_val_t{TensorHeap::alignment});
#else
  void *const memory = large_tensors().take(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
#endif
}

void mohawk::give_working_memory(void *memory) {
#if MOHAWK_WATCHED
  ::operator delete(memory, std::align_val_t{TensorHeap::alignment});
#else
  large_tensors().give(memory);
#endif
}

extern "C" {

void mhk_library_keep_freed_memory(void) {
  static TensorAllocator allocator;
  c10::SetCPUAllocator(&allocator);
}

void mhk_library_release_freed_memory(void) { large_tensors().release(); }

mhk_error mhk_clone_kept(mhk_tensor a, mhk_tensor *out) {
  return guarded([&] { *out = wrap(kept(get(a))); });
}

}  // extern "C"
