// Vectors for rows of numbers: `Floats`, and in the portable form `Lane<T>` for other types. Compiled per target.
#if MOHAWK_VECTOR_BYTES == 64
#include "LanesAVX512.h"
#elif MOHAWK_VECTOR_BYTES == 32
#include "LanesAVX2.h"
#else
#include "LanesPortable.h"
using Floats = Lane<float>;
#endif
#include "LaneEdges.h"
