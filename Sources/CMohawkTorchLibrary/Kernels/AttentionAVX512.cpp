// For x86 processors with AVX-512 and products of brain floats.
#if defined(__x86_64__)
#include "Attention.h"
#include "Simd/TargetAVX512.h"

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
#include "Simd/TargetEnd.h"
#endif
