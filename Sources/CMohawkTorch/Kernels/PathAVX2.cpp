// For x86 processors with AVX2 and FMA.
#if defined(__x86_64__)
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "../WorkingMemory.h"
#include "Path.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define MOHAWK_PATH avx2
#define MOHAWK_VECTOR_BYTES 32
#define MOHAWK_TILE_ROWS 4
#define MOHAWK_BRAIN_PRODUCTS 0
#include "PathKernels.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

mohawk::Path mohawk::path_avx2() { return avx2::path(); }
#endif
