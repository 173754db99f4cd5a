// The functions of MohawkRanks.h and MohawkPretend.h, which call those of the library. The compiler compares each with its declaration.
#include "MohawkRanks.h"

#include "Entry.h"
#include "MohawkPretend.h"

ACTION(mhk_ranks_free, (char *text), (text))
FUNCTION(char *, mhk_ranks_join, (const char *address, int32_t port, bool hosts, const char *group, int32_t rank,
          int32_t size, double seconds, mhk_ranks *out),
          (address, port, hosts, group, rank, size, seconds, out))
FUNCTION(char *, mhk_ranks_exchange, (mhk_ranks ranks, void *sent, const int64_t *sentCounts, void *received,
          const int64_t *receivedCounts, mhk_ranks_work *out),
          (ranks, sent, sentCounts, received, receivedCounts, out))
FUNCTION(char *, mhk_ranks_gather, (mhk_ranks ranks, void *own, int64_t count, void *all, mhk_ranks_work *out),
          (ranks, own, count, all, out))
FUNCTION(char *, mhk_ranks_finish, (mhk_ranks ranks, mhk_ranks_work work), (ranks, work))
FUNCTION(char *, mhk_ranks_sum_doubles, (mhk_ranks ranks, double *numbers, int64_t count), (ranks, numbers, count))
FUNCTION(char *, mhk_ranks_share, (mhk_ranks ranks, uint8_t *bytes, int64_t count), (ranks, bytes, count))
FUNCTION(char *, mhk_ranks_tell, (mhk_ranks ranks, const char *name, const char *text), (ranks, name, text))
FUNCTION(char *, mhk_ranks_told, (mhk_ranks ranks, const char *name, char **text), (ranks, name, text))
ACTION(mhk_ranks_roll_call, (mhk_ranks ranks, double seconds, bool *silent), (ranks, seconds, silent))
FUNCTION(int32_t, mhk_pretend_devices, (void), ())
