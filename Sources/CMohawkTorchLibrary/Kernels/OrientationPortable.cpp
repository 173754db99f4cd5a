// For any processor.
#include "OrientationHead.h"
#include "Simd/TargetPortable.h"
#define MOHAWK_PATH orientation_of_any
#include "OrientationPath.h"

mohawk::OrientationPath mohawk::orientation_portable() { return orientation_of_any::path(); }
