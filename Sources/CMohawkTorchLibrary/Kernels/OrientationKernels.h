// Stage 1 of one head. Compiled per target.

namespace orientation {
#include "OrientationVector.h"
#include "OrientationProduct.h"
#include "OrientationTeacher.h"
#include "OrientationStudent.h"
#include "OrientationWalk.h"
}  // namespace orientation
