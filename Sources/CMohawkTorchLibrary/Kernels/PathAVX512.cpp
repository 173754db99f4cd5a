// For x86 processors with AVX-512 and products of brain floats.
#if defined(__x86_64__)
#include "Path.h"
#include "Simd/TargetAVX512.h"
#define MOHAWK_PATH avx512
#include "PathKernels.h"
#include "Simd/TargetEnd.h"

mohawk::Path mohawk::path_avx512() { return avx512::path(); }
#endif
