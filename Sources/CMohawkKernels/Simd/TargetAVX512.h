// From here to TargetEnd.h everything is compiled for x86 processors with AVX-512, its products of brain floats and of
// bytes.
#include "TargetHeaders.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni")
#endif
#define MOHAWK_VECTOR_BYTES 64
#define MOHAWK_TILE_ROWS 8
#define MOHAWK_BLOCK_VECTORS 4
#define MOHAWK_BRAIN_PRODUCTS 1
