// For any processor.
#include "Path.h"
#include "Simd/TargetPortable.h"
#define MOHAWK_PATH portable
#include "PathKernels.h"

mohawk::Path mohawk::path_portable() { return portable::path(); }
