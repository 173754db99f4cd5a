// The library whose threads are used, where there is one.
#pragma once
#include "MohawkThreads.h"

namespace mohawk {

/// Null while this target's own threads are used.
const mhk_thread_source *thread_source();

}  // namespace mohawk
