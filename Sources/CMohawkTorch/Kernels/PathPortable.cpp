// For any processor: vectors of 16 bytes, which every 64-bit one has.
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "../WorkingMemory.h"
#include "Path.h"

#define MOHAWK_PATH portable
#define MOHAWK_VECTOR_BYTES 16
#define MOHAWK_TILE_ROWS 4
#define MOHAWK_BRAIN_PRODUCTS 0
#include "PathKernels.h"

mohawk::Path mohawk::path_portable() { return portable::path(); }
