// For x86 processors with AVX-512 and products of brain floats.
#if defined(__x86_64__)
#include <immintrin.h>

#include <initializer_list>
#include <type_traits>
#include <utility>

#include "../WorkingMemory.h"
#include "Path.h"

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own headers leave operands of intrinsics undefined on purpose and are warned about when inlined.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma")
#endif
#define MOHAWK_PATH avx512
#define MOHAWK_VECTOR_BYTES 64
#define MOHAWK_TILE_ROWS 8
#define MOHAWK_BRAIN_PRODUCTS 1
#include "PathKernels.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

mohawk::Path mohawk::path_avx512() { return avx512::path(); }
#endif
