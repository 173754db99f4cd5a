// An accelerator for tests, registered with libtorch when this library is loaded, before the first backward pass.
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/DeviceType.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "PretendMemory.h"

namespace pretend {
namespace {

constexpr auto kind = c10::DeviceType::PrivateUse1;

/// One device with one stream, on which everything has happened when a call returns.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kind; }
  c10::Device exchangeDevice(c10::Device) const override { return getDevice(); }
  c10::Device getDevice() const override { return c10::Device(kind, 0); }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, getDevice()); }
  c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  bool queryStream(const c10::Stream &) const override { return true; }
  void synchronizeStream(const c10::Stream &) const override {}
  void synchronizeDevice(c10::DeviceIndex) const override {}
  void recordDataPtrOnStream(const c10::DataPtr &, const c10::Stream &) const override {}
  void record(void **, const c10::Stream &, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void *, const c10::Stream &) const override {}
  bool queryEvent(void *) const override { return true; }
  void destroyEvent(void *, c10::DeviceIndex) const noexcept override {}
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

const bool isRegistered = [] {
  c10::register_privateuse1_backend("pretend");
  c10::SetAllocator(kind, allocator());
  at::RegisterPrivateUse1HooksInterface(new Hooks);
  return true;
}();

}  // namespace
}  // namespace pretend

extern "C" {

/// Bytes and numbers of copies to the device and from it that somebody asked for, since the last call.
void pretend_traffic(int64_t *bytesUp, int64_t *bytesDown, int64_t *timesUp, int64_t *timesDown) {
  auto &traffic = pretend::traffic();
  *bytesUp = traffic.bytesUp.exchange(0);
  *bytesDown = traffic.bytesDown.exchange(0);
  *timesUp = traffic.timesUp.exchange(0);
  *timesDown = traffic.timesDown.exchange(0);
}

}  // extern "C"
