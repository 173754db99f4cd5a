// Back from a Target header to the processor that the program is compiled for.
#undef MOHAWK_VECTOR_BYTES
#undef MOHAWK_TILE_ROWS
#undef MOHAWK_BLOCK_VECTORS
#undef MOHAWK_BRAIN_PRODUCTS
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
