// A brain float: libtorch's type where kernels work on its tensors, else one that converts as that does.
#pragma once
#ifdef MOHAWK_LIBTORCH
#include <c10/util/BFloat16.h>

namespace mohawk {

using BrainFloat = c10::BFloat16;

inline uint16_t bits_of(BrainFloat x) { return x.x; }
inline BrainFloat brain_float(uint16_t bits) { return BrainFloat(bits, BrainFloat::from_bits()); }

}  // namespace mohawk
#else
#include <cstdint>
#include <cstring>

namespace mohawk {

struct BrainFloat {
  uint16_t bits;

  BrainFloat() = default;
  /// To the nearest, of two equally near ones to the even one.
  BrainFloat(float number) {
    uint32_t wide;
    std::memcpy(&wide, &number, 4);
    bits = number != number ? 0x7fc0 : static_cast<uint16_t>((wide + 0x7fff + ((wide >> 16) & 1)) >> 16);
  }
  operator float() const {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float number;
    std::memcpy(&number, &wide, 4);
    return number;
  }
};

inline uint16_t bits_of(BrainFloat x) { return x.bits; }
inline BrainFloat brain_float(uint16_t bits) {
  BrainFloat x;
  x.bits = bits;
  return x;
}

}  // namespace mohawk
#endif
