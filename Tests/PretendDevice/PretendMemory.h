// Memory of a device that is pretended: the processor cannot touch it where the device has it.
#pragma once
#include <ATen/ATen.h>

#include <atomic>
#include <cstdint>

namespace pretend {

/// Bytes that went between the device and the processor because somebody asked, not inside an operation, and how often.
struct Traffic {
  std::atomic<int64_t> bytesUp{0}, bytesDown{0}, timesUp{0}, timesDown{0};
};
Traffic &traffic();

/// The allocator of the device. Tensors' addresses lie in pages without any access; the numbers are in other pages, which
/// only the device knows.
c10::Allocator *allocator();

/// The same numbers as a tensor that the processor can read and write; a tensor of the processor as it is.
at::Tensor visible(const at::Tensor &tensor);

}  // namespace pretend
