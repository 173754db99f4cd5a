// Handles to tensors and back, and exceptions to messages.
#pragma once
#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "CMohawkTorch.h"

namespace mohawk {

std::string &last_message();

template <typename Body>
mhk_error guarded(Body &&body) {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &error) {
    last_message() = error.what_without_backtrace();
  } catch (const std::exception &error) {
    last_message() = error.what();
  } catch (...) {
    last_message() = "unknown exception";
  }
  return last_message().c_str();
}

inline at::Tensor &get(mhk_tensor handle) { return *static_cast<at::Tensor *>(handle.object); }

inline mhk_tensor wrap(at::Tensor tensor) { return mhk_tensor{new at::Tensor(std::move(tensor))}; }

inline at::IntArrayRef ints(const int64_t *values, int32_t count) {
  return at::IntArrayRef(values, static_cast<size_t>(count));
}

inline std::vector<at::Tensor> list(const mhk_tensor *handles, int32_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; i++) tensors.push_back(get(handles[i]));
  return tensors;
}

inline std::optional<at::Tensor> optional(mhk_tensor handle) {
  if (handle.object == nullptr) return std::nullopt;
  return get(handle);
}

at::ScalarType scalar_type(int32_t code);
int32_t scalar_code(at::ScalarType type);
at::Device device(int32_t kind, int32_t index);
at::Generator &generator(mhk_generator handle);

}  // namespace mohawk
