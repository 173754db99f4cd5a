// For any processor: vectors of 16 bytes, which every 64-bit one has.
#include "TargetHeaders.h"
#define MOHAWK_VECTOR_BYTES 16
#define MOHAWK_TILE_ROWS 4
#define MOHAWK_BLOCK_VECTORS 2
#define MOHAWK_BRAIN_PRODUCTS 0
