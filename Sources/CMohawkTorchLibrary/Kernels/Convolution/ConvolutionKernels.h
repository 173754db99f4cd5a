// The causal depth-wise convolution. Compiled per target.

#include "Simd/Vector.h"
#include "Arena.h"
#include "Times.h"
#include "PaddedRows.h"
#include "ConvolutionChannels.h"
