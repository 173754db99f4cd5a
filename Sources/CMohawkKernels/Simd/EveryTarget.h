// Compiles the file named by KERNEL once for every set of instructions, each in a namespace of its own, where
// `Floats` is a vector of fp32 and TARGET must stand before every function. Included once per source file.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "BrainFloat.h"

#include "MohawkInstructions.h"

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own headers leave operands of intrinsics undefined on purpose and are warned about when inlined.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define INLINE inline __attribute__((always_inline))

namespace mohawk::portable {
#define TARGET
#include "LanesPortable.h"
#include "LaneEdges.h"
using Floats = Lane<float>;
#include KERNEL
#undef TARGET
}  // namespace mohawk::portable

#if defined(__x86_64__)
#include <immintrin.h>

namespace mohawk::avx2 {
#define TARGET __attribute__((target("avx2,fma")))
#include "LanesAVX2.h"
#include "LaneEdges.h"
#include KERNEL
#undef TARGET
}  // namespace mohawk::avx2

namespace mohawk::avx512 {
#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#include "LanesAVX512.h"
#include "LaneEdges.h"
#include KERNEL
#undef TARGET
}  // namespace mohawk::avx512

// The form of a function template over vectors for the instructions in use.
#define PICK(name, ...)                                                                          \
  (mhk_instructions() == MHK_AVX512 ? &avx512::name<avx512::Floats __VA_OPT__(, ) __VA_ARGS__>   \
   : mhk_instructions() == MHK_AVX2 ? &avx2::name<avx2::Floats __VA_OPT__(, ) __VA_ARGS__>       \
                                    : &portable::name<portable::Floats __VA_OPT__(, ) __VA_ARGS__>)
#else
#define PICK(name, ...) (&portable::name<portable::Floats __VA_OPT__(, ) __VA_ARGS__>)
#endif
