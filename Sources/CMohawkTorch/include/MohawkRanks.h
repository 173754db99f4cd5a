/// Processes that work together, over libtorch's c10d with Gloo. Calls return nil, or what went wrong; `mhk_ranks_free`
/// frees it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A process group as one of its ranks holds it.
typedef struct {
  void *_Nonnull object;
} mhk_ranks;
/// Bytes on their way between ranks.
typedef struct {
  void *_Nullable object;
} mhk_ranks_work;

void mhk_ranks_free(char *_Nullable text);

/// Joins a group, and returns once all ranks have.
/// - address, port: where the store listens.
/// - hosts: whether rank 0 is to run the store there; otherwise whoever started the processes does.
/// - group: names this start among those that use the same store.
/// - seconds: how long to wait for the others, here and in every call below.
char *_Nullable mhk_ranks_join(const char *_Nonnull address, int32_t port, bool hosts, const char *_Nonnull group,
                               int32_t rank, int32_t size, double seconds, mhk_ranks *_Nonnull out);

/// Replaces numbers by their sums over all ranks, the same bits on each of them.
char *_Nullable mhk_ranks_sum_doubles(mhk_ranks ranks, double *_Nonnull numbers, int64_t count);

/// Begins to send other bytes to each rank and to receive from each; the memory must stay until `mhk_ranks_finish`, or for
/// ever if that fails.
/// - sent, received: one behind the other, in the order of the ranks.
/// - sentCounts, receivedCounts: how many bytes for and from each.
char *_Nullable mhk_ranks_exchange(mhk_ranks ranks, void *_Nonnull sent, const int64_t *_Nonnull sentCounts,
                                   void *_Nonnull received, const int64_t *_Nonnull receivedCounts,
                                   mhk_ranks_work *_Nonnull out);
/// Begins to send the same bytes to all and to receive as many from each, in the order of the ranks.
char *_Nullable mhk_ranks_gather(mhk_ranks ranks, void *_Nonnull own, int64_t count, void *_Nonnull all,
                                 mhk_ranks_work *_Nonnull out);
/// Waits until the bytes are there.
char *_Nullable mhk_ranks_finish(mhk_ranks ranks, mhk_ranks_work work);

/// Replaces bytes by those of rank 0.
char *_Nullable mhk_ranks_share(mhk_ranks ranks, uint8_t *_Nonnull bytes, int64_t count);

/// Keeps a text under a name where all ranks can read it.
char *_Nullable mhk_ranks_tell(mhk_ranks ranks, const char *_Nonnull name, const char *_Nonnull text);
/// The text under a name, nil when there is none yet; `mhk_ranks_free` frees it.
char *_Nullable mhk_ranks_told(mhk_ranks ranks, const char *_Nonnull name, char *_Nullable *_Nonnull text);

/// After a call has failed: closes this rank's connections, so that the others notice, and finds out which ranks still
/// answer. No other call but `mhk_ranks_told` may follow.
/// - seconds: how long to wait for their answers.
/// - silent: for each rank, whether it neither answers nor has told why it stops (under "failed." and its number).
void mhk_ranks_roll_call(mhk_ranks ranks, double seconds, bool *_Nonnull silent);

#ifdef __cplusplus
}
#endif
