#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "Translation.h"

using namespace mohawk;

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
  bool done = mallopt(M_MMAP_MAX, 0) == 1;
  done = mallopt(M_TRIM_THRESHOLD, -1) == 1 && done;  // -1 becomes the largest size_t: never trim
  return mallopt(M_TOP_PAD, 256 << 20) == 1 && done;
#else
  return false;
#endif
}

}  // extern "C"
