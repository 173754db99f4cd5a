// What kernels compiled for one kind of processor need of others; the system's headers stand here, before the compiler is
// switched. MOHAWK_VECTOR_BYTES is the width of a vector,
// MOHAWK_TILE_ROWS and MOHAWK_BLOCK_VECTORS are rows and registers in a row of a product's block, and
// MOHAWK_BRAIN_PRODUCTS is whether the processor multiplies pairs of brain floats.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "BrainFloat.h"

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own headers leave operands of intrinsics undefined on purpose and are warned about when inlined.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define INLINE inline __attribute__((always_inline))
