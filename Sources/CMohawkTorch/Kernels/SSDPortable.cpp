// For any processor: vectors of 16 bytes, which every 64-bit one has.
#include <cstdlib>

#include "SSDHead.h"

#define MOHAWK_PATH portable
#define MOHAWK_VECTOR_BYTES 16
#define MOHAWK_TILE_ROWS 4
#include "SSDPath.h"

mohawk::SSDPath mohawk::ssd_portable() { return portable::path(); }
