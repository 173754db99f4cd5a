// For x86 processors with AVX-512 and products of brain floats.
#if defined(__x86_64__)
#include "OrientationHead.h"
#include "Simd/TargetAVX512.h"
#define MOHAWK_PATH orientation_of_avx512
#include "OrientationPath.h"
#include "Simd/TargetEnd.h"

mohawk::OrientationPath mohawk::orientation_avx512() { return orientation_of_avx512::path(); }
#endif
