// The causal depth-wise convolution. Compiled per target.

#include "PathVector.h"
#include "PathMemory.h"
#include "PathTranspose.h"
#include "SSDUnits.h"
#include "SSDProduct.h"
#include "SSDChunk.h"
#include "ConvolutionChannels.h"
