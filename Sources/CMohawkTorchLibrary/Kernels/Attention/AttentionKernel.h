// Causal attention of one head, for processors with products of brain floats.

#include "Simd/Vector.h"
#include "Simd/Units.h"
#include "Arena.h"
namespace orientation {
#include "Orientation/OrientationProduct.h"
#include "Orientation/OrientationTeacher.h"
#include "AttentionRows.h"
}  // namespace orientation

static void attend(const AttentionHead &head) {
  orientation::AttentionTile work(head);
  const auto list = [&](auto take) { work.list(take); };
  const Arena arena(list);
  clear(list);
  work.pack();
  for (int64_t index = 0; index < work.tiles(head); index++) work.run(index);
}
