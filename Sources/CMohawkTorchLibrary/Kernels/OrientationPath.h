// Stage 1's kernels for one kind of processor, in the namespace MOHAWK_PATH. What stands before is a Target header.

namespace mohawk {
namespace MOHAWK_PATH {

#include "OrientationVector.h"
#include "OrientationProduct.h"
#include "OrientationTeacher.h"
#include "OrientationStudent.h"
#include "OrientationWalk.h"

static OrientationPath path() {
  return {orient<float, float>, orient<BFloat16, BFloat16>, orient<BFloat16, float>, orient<double, double>};
}

}  // namespace MOHAWK_PATH
}  // namespace mohawk
