// The threads that kernels run on: those of this target, or of a library that has threads of its own.
#ifndef MOHAWK_THREADS_H
#define MOHAWK_THREADS_H

#include "MohawkBase.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// Threads that one operation may use: as many as were set, else as OMP_NUM_THREADS or MKL_NUM_THREADS says, else one for
// each core that this process may run on.
int32_t mhk_threads(void);
void mhk_set_threads(int32_t count);
// How many were set; 0 when nobody did.
int32_t mhk_threads_set(void);

// One thread of a team: its number and how many there are.
typedef void (*mhk_member)(void *MHK_NULLABLE context, int64_t index, int64_t members);

// Calls `body` once with each number below `count`, from all of these threads, each taking the next number when it is free.
void mhk_in_parallel(int64_t count, void *MHK_NULLABLE context, void (*body)(void *MHK_NULLABLE context, int64_t index));

// A library that has threads of its own. Two sets of threads would take the processors from each other: a thread that has
// finished waits actively for a while.
typedef struct {
  int32_t (*threads)(void);
  void (*set_threads)(int32_t count);
  // Calls `body` once on each of at most `most` threads at the same time, and returns when all have.
  void (*run_parallel)(int64_t most, void *MHK_NULLABLE context, mhk_member body);
} mhk_thread_source;

// Takes its threads from now on, for good.
void mhk_use_threads_of(const mhk_thread_source *source);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
