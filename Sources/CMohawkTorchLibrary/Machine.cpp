#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/version.h>

#include "MohawkPretend.h"
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
int32_t mhk_cuda_devices(void) {
  return at::hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

int32_t mhk_pretend_devices(void) {
  constexpr auto kind = c10::DeviceType::PrivateUse1;
  return c10::impl::hasDeviceGuardImpl(kind) ? c10::impl::getDeviceGuardImpl(kind)->deviceCount() : 0;
}

}  // extern "C"
