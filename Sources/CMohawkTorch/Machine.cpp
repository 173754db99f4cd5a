#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <torch/version.h>

#include <cstdint>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "Translation.h"

using namespace mohawk;

#if defined(__GLIBC__)
namespace {
// Memory for tensors by plain malloc with room for the alignment. glibc's posix_memalign looks for a piece larger than
// what was freed by a tensor of the same size, so that a gap between two living tensors is never filled again.
struct GapFillingAllocator final : c10::Allocator {
  static constexpr size_t alignment = 64;

  // malloc aligns to 16 bytes, so at least as many lie before the tensor's numbers; what malloc gave stands there.
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &release, device};
    void *const piece = bytes > SIZE_MAX - alignment ? nullptr : std::malloc(bytes + alignment);
    TORCH_CHECK(piece != nullptr, "no memory for ", bytes, " bytes");
    void *const numbers = static_cast<char *>(piece) + alignment - reinterpret_cast<uintptr_t>(piece) % alignment;
    static_cast<void **>(numbers)[-1] = piece;
    return {numbers, numbers, &release, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void *to, const void *from, size_t count) const override { default_copy_data(to, from, count); }

  static void release(void *numbers) {
    if (numbers != nullptr) std::free(static_cast<void **>(numbers)[-1]);
  }
};
}  // namespace
#endif

extern "C" {

const char *mhk_torch_version(void) { return TORCH_VERSION; }
const char *mhk_cpu_capability(void) {
  static const std::string text = at::get_cpu_capability();
  return text.c_str();
}
const char *mhk_build_settings(void) {
  static const std::string text = at::show_config();
  return text.c_str();
}
int32_t mhk_threads(void) { return at::get_num_threads(); }
void mhk_set_threads(int32_t count) { at::set_num_threads(count); }
int32_t mhk_cuda_devices(void) {
  return at::hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

bool mhk_keep_freed_memory(void) {
#if defined(__GLIBC__)
  // Large temporaries come from the heap and stay mapped, so that their pages are not faulted in anew.
  static GapFillingAllocator allocator;
  c10::SetCPUAllocator(&allocator);
  bool done = mallopt(M_MMAP_MAX, 0) == 1;
  done = mallopt(M_TRIM_THRESHOLD, -1) == 1 && done;  // -1 becomes the largest size_t: never trim
  return mallopt(M_TOP_PAD, 256 << 20) == 1 && done;
#else
  return false;
#endif
}

}  // extern "C"
