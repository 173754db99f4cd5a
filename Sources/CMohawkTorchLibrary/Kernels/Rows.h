// Rows of numbers in a tensor's memory, as kernels see them.
#pragma once
#include <cstdint>

namespace mohawk {

struct BFloat16 {
  uint16_t bits;
};

/// Rows of one head in a tensor [batch, length, heads, n]: one per token, `step` elements apart.
template <typename E>
struct Rows {
  E *first = nullptr;
  int64_t step = 0;
  E *operator[](int64_t token) const { return first + token * step; }
};

}  // namespace mohawk
