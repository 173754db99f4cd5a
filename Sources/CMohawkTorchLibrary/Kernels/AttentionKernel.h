// Causal attention of one head, for processors with products of brain floats.

namespace orientation {
#include "OrientationVector.h"
#include "OrientationProduct.h"
#include "OrientationTeacher.h"
#include "AttentionRows.h"
}  // namespace orientation

static void attend(const AttentionHead &head) {
  using namespace orientation;
  Arena arena(AttentionTile::bytes(head));
  AttentionTile work(head, arena);
  for (int64_t index = 0; index < AttentionTile::tiles(head); index++) work.run(index);
}
