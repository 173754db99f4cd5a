// Back from TargetAVX512.h or TargetAVX2.h to the processor that the program is compiled for.
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
