#include "ThreadPool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mohawk {

void await_change(const std::atomic<uint32_t> &value, uint32_t old) {
  for (int spin = 0; spin < 4000; spin++) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
    _mm_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

void Barrier::wait(int64_t threads) {
  if (threads == 1) return;
  const uint32_t round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    round_.notify_all();
  } else {
    await_change(round_, round);
  }
}

}  // namespace mohawk
