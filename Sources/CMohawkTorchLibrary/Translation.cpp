#include "Translation.h"

#include "MohawkPretend.h"

namespace mohawk {

std::string &last_message() {
  static thread_local std::string message;
  return message;
}

at::ScalarType scalar_type(int32_t code) {
  switch (code) {
    case MHK_FLOAT32: return at::kFloat;
    case MHK_FLOAT64: return at::kDouble;
    case MHK_BFLOAT16: return at::kBFloat16;
    case MHK_FLOAT16: return at::kHalf;
    case MHK_INT64: return at::kLong;
    case MHK_INT32: return at::kInt;
    case MHK_INT16: return at::kShort;
    case MHK_INT8: return at::kChar;
    case MHK_UINT8: return at::kByte;
    case MHK_BOOL: return at::kBool;
    default: throw std::invalid_argument("unknown element type code");
  }
}

int32_t scalar_code(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return MHK_FLOAT32;
    case at::kDouble: return MHK_FLOAT64;
    case at::kBFloat16: return MHK_BFLOAT16;
    case at::kHalf: return MHK_FLOAT16;
    case at::kLong: return MHK_INT64;
    case at::kInt: return MHK_INT32;
    case at::kShort: return MHK_INT16;
    case at::kChar: return MHK_INT8;
    case at::kByte: return MHK_UINT8;
    case at::kBool: return MHK_BOOL;
    default: return -1;
  }
}

at::Device device(int32_t kind, int32_t index) {
  if (kind == MHK_CUDA) return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
  if (kind == MHK_PRETEND) return at::Device(at::kPrivateUse1, 0);
  return at::Device(at::kCPU);
}

}  // namespace mohawk

using namespace mohawk;

extern "C" {

void mhk_free(mhk_tensor a) { delete static_cast<at::Tensor *>(a.object); }
mhk_error mhk_same(mhk_tensor a, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a)); });
}
int32_t mhk_dim(mhk_tensor a) { return static_cast<int32_t>(get(a).dim()); }
void mhk_shape(mhk_tensor a, int64_t *out) {
  auto sizes = get(a).sizes();
  std::copy(sizes.begin(), sizes.end(), out);
}
int32_t mhk_dtype(mhk_tensor a) { return scalar_code(get(a).scalar_type()); }
int32_t mhk_device_kind(mhk_tensor a) {
  if (get(a).is_privateuseone()) return MHK_PRETEND;
  return get(a).is_cuda() ? MHK_CUDA : MHK_CPU;
}
int32_t mhk_device_index(mhk_tensor a) { return get(a).is_cuda() ? get(a).device().index() : 0; }
int64_t mhk_numel(mhk_tensor a) { return get(a).numel(); }
int64_t mhk_element_size(mhk_tensor a) { return static_cast<int64_t>(get(a).element_size()); }
bool mhk_is_contiguous(mhk_tensor a) { return get(a).is_contiguous(); }
bool mhk_requires_grad(mhk_tensor a) { return get(a).requires_grad(); }
void *mhk_data(mhk_tensor a) { return get(a).data_ptr(); }
mhk_error mhk_item_double(mhk_tensor a, double *out) {
  return guarded([&] { *out = get(a).item().toDouble(); });
}
mhk_error mhk_item_int(mhk_tensor a, int64_t *out) {
  return guarded([&] { *out = get(a).item().toLong(); });
}
mhk_error mhk_copy_to_host(mhk_tensor a, int32_t dtype, void *destination, size_t bytes) {
  return guarded([&] {
    auto host = get(a).detach().to(at::kCPU, scalar_type(dtype)).contiguous();
    TORCH_CHECK(host.nbytes() == bytes, "copy of ", host.nbytes(), " bytes into ", bytes);
    if (bytes > 0) std::memcpy(destination, host.data_ptr(), bytes);
  });
}

}  // extern "C"
