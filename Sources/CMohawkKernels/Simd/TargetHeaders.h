// What kernels compiled for one kind of processor need of others. MOHAWK_VECTOR_BYTES is the width of a vector,
// MOHAWK_TILE_ROWS and MOHAWK_BLOCK_VECTORS are rows and registers in a row of a product's block, and
// MOHAWK_BRAIN_PRODUCTS is whether the processor multiplies pairs of brain floats.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <type_traits>
#include <utility>
