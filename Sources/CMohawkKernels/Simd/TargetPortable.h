// From here to TargetEnd.h everything is compiled for any processor: vectors of 16 bytes, which every 64-bit one has.
#include "TargetHeaders.h"

#if defined(__clang__)
#pragma clang attribute push
#else
#pragma GCC push_options
#endif
#define MOHAWK_VECTOR_BYTES 16
#define MOHAWK_TILE_ROWS 4
#define MOHAWK_BLOCK_VECTORS 2
#define MOHAWK_BRAIN_PRODUCTS 0
