// Stage 1 of one head. Compiled per target.

#include "Simd/Vector.h"
#include "Simd/Units.h"
#include "Arena.h"
namespace orientation {
#include "OrientationProduct.h"
#include "OrientationTeacher.h"
#include "OrientationStudent.h"
#include "OrientationWalk.h"
}  // namespace orientation
