#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#include "Kernels/Tasks.h"
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
mhk_error mhk_in_parallel(int64_t count, void *context, void (*body)(void *, int64_t)) {
  return guarded([&] { in_parallel(count, [&](int64_t index) { body(context, index); }); });
}
int32_t mhk_cuda_devices(void) {
  return at::hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

}  // extern "C"
