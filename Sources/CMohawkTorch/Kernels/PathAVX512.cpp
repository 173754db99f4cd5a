// For x86 processors with AVX-512 (F, BW, DQ, VL).
#if defined(__x86_64__)
#include <cstdlib>

#include "Path.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")
#endif
#define MOHAWK_PATH avx512
#define MOHAWK_VECTOR_BYTES 64
#define MOHAWK_TILE_ROWS 8
#include "PathKernels.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

mohawk::Path mohawk::path_avx512() { return avx512::path(); }
#endif
