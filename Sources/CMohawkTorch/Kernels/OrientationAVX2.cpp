// For x86 processors with AVX2 and fused multiply-add.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cmath>
#include <cstring>

#include "../WorkingMemory.h"
#include "OrientationHead.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define MOHAWK_PATH orientation_of_avx2
#define MOHAWK_VECTOR_BYTES 32
#define MOHAWK_BLOCK_VECTORS 2
#define MOHAWK_BRAIN_PRODUCTS 0
#include "OrientationPath.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

mohawk::OrientationPath mohawk::orientation_avx2() { return orientation_of_avx2::path(); }
#endif
