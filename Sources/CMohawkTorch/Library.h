// What the library over libtorch has beside the C interface: for the process that loads it.
#ifndef MOHAWK_TORCH_LIBRARY_H
#define MOHAWK_TORCH_LIBRARY_H

#include "MohawkThreads.h"

#ifdef __cplusplus
extern "C" {
#endif

// What the library asks the process for.
typedef struct {
  int32_t (*instructions)(void);
} mhk_host;

// Called once, before anything else.
void mhk_library_attach(const mhk_host *host);
// libtorch's threads.
const mhk_thread_source *mhk_library_threads(void);
bool mhk_library_grad_enabled(void);
void mhk_library_set_grad_enabled(bool enabled);
// A heap of their own for large tensors, and its pages back to the system.
void mhk_library_keep_freed_memory(void);
void mhk_library_release_freed_memory(void);
void mhk_library_allow_mkl_features(bool allowed);

#ifdef __cplusplus
}
#endif
#endif
