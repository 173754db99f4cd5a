// The causal depth-wise convolution. Compiled per target.

#include "Simd/Vector.h"
#include "Simd/Units.h"
#include "Arena.h"
#include "Transpose.h"
#include "SSDUnits.h"
#include "SSDProduct.h"
#include "SSDChunk.h"
#include "ConvolutionChannels.h"
