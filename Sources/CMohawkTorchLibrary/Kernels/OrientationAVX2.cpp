// For x86 processors with AVX2 and FMA.
#if defined(__x86_64__)
#include "OrientationHead.h"
#include "Simd/TargetAVX2.h"
#define MOHAWK_PATH orientation_of_avx2
#include "OrientationPath.h"
#include "Simd/TargetEnd.h"

mohawk::OrientationPath mohawk::orientation_avx2() { return orientation_of_avx2::path(); }
#endif
