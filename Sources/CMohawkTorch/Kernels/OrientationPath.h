// Stage 1's kernels for one kind of processor. A path's file defines MOHAWK_PATH (its namespace), MOHAWK_VECTOR_BYTES,
// MOHAWK_BLOCK_VECTORS (registers in a row of a product's block) and MOHAWK_BRAIN_PRODUCTS (whether the processor
// multiplies pairs of brain floats), switches the compiler to the processor and includes this.

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
