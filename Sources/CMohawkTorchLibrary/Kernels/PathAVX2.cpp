// For x86 processors with AVX2 and FMA.
#if defined(__x86_64__)
#include "Path.h"
#include "Simd/TargetAVX2.h"
#define MOHAWK_PATH avx2
#include "PathKernels.h"
#include "Simd/TargetEnd.h"

mohawk::Path mohawk::path_avx2() { return avx2::path(); }
#endif
