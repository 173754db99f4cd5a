// Stand-in for Gloo's header of this name; see gloo/context.h.
#pragma once

#include <gloo/context.h>
