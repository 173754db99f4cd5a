// From here to TargetEnd.h everything is compiled for x86 processors with AVX2 and fused multiply-add.
#include "TargetHeaders.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define MOHAWK_VECTOR_BYTES 32
#define MOHAWK_TILE_ROWS 4
#define MOHAWK_BLOCK_VECTORS 2
#define MOHAWK_BRAIN_PRODUCTS 0
