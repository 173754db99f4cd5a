// For x86 processors with AVX-512 and products of brain floats.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cmath>
#include <cstring>

#include "../WorkingMemory.h"
#include "Attention.h"

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
#define MOHAWK_VECTOR_BYTES 64
#define MOHAWK_BLOCK_VECTORS 4
#define MOHAWK_BRAIN_PRODUCTS 1
namespace mohawk {
namespace attention_of_avx512 {
#include "OrientationVector.h"
#include "OrientationProduct.h"
#include "OrientationTeacher.h"
#include "AttentionRows.h"
}  // namespace attention_of_avx512
}  // namespace mohawk

void mohawk::attention_avx512(const AttentionHead &head) {
  using namespace attention_of_avx512;
  Arena arena(AttentionTile::bytes(head));
  AttentionTile work(head, arena);
  for (int64_t index = 0; index < AttentionTile::tiles(head); index++) work.run(index);
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
