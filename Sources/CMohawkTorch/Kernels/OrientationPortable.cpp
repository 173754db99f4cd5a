// For any processor: vectors of 16 bytes, which every 64-bit one has.
#include <cmath>
#include <cstring>

#include "../WorkingMemory.h"
#include "OrientationHead.h"

#define MOHAWK_PATH orientation_of_any
#define MOHAWK_VECTOR_BYTES 16
#define MOHAWK_BLOCK_VECTORS 2
#define MOHAWK_BRAIN_PRODUCTS 0
#include "OrientationPath.h"

mohawk::OrientationPath mohawk::orientation_portable() { return orientation_of_any::path(); }
