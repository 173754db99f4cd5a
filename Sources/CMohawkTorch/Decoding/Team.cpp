#include "Team.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mohawk {
namespace {

/// Returns when `value` is no longer `old`. Turns in place while that is near, then sleeps: the processor is shared, and
/// who is waited for may need it.
void await_change(const std::atomic<uint32_t> &value, uint32_t old) {
  for (int turn = 0; turn < 4000; turn++) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
    _mm_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

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

void on_team(int64_t most, const std::function<void(int64_t, int64_t)> &body) {
  if (most <= 1 || at::in_parallel_region()) return body(0, 1);
  // One element per thread: libtorch's elementwise loops are the exported way into its threads. Should there be fewer
  // threads than elements, then some have several, and all know when every element has found its thread.
  auto places = at::empty({most}, at::kByte);
  auto iterator = at::TensorIterator::borrowing_nullary_op(places);
  const char *const first = static_cast<const char *>(places.data_ptr());
  std::atomic<int64_t> members{0};
  std::atomic<uint32_t> taken{0};
  iterator.for_each(
      [&](char **data, const int64_t *, int64_t size, int64_t rows) {
        const int64_t arrival = members.fetch_add(1);
        taken.fetch_add(static_cast<uint32_t>(size * rows));
        taken.notify_all();
        for (uint32_t seen = taken.load(); seen != most; seen = taken.load()) await_change(taken, seen);
        const int64_t all = members.load();
        body(all == most ? data[0] - first : arrival, all);
      },
      1);
}

}  // namespace mohawk
