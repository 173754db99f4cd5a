// Rows of numbers in a tensor's memory, as kernels see them.
#pragma once
#include <cstdint>

#include "Simd/BrainFloat.h"

namespace mohawk {

using BFloat16 = BrainFloat;

/// Rows without gaps inside, `step` elements apart, such as those of one head in a tensor [batch, length, heads, n]: one
/// per token.
template <typename E>
struct Rows {
  E *first = nullptr;
  int64_t step = 0;
  E *operator[](int64_t token) const { return first + token * step; }
};

/// Kernels keep rows in cache with a multiple of this many numbers.
constexpr int64_t rowPadding = 16;

}  // namespace mohawk
