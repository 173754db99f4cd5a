#include "Team.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mohawk {
namespace {

/// Turns in place until `done`, and lets others run when that takes long: then a processor is shared.
template <typename Done>
void spin(Done &&done) {
  for (int64_t turn = 0; !done(); turn++) {
    if (turn > 4000) {
      std::this_thread::yield();
      continue;
    }
#if defined(__x86_64__)
    _mm_pause();
#endif
  }
}

}  // namespace

void Barrier::wait(int64_t threads) {
  if (threads == 1) return;
  const uint32_t round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
  } else {
    spin([&] { return round_.load(std::memory_order_acquire) != round; });
  }
}

void on_team(int64_t most, const std::function<void(int64_t, int64_t)> &body) {
  if (most <= 1 || at::in_parallel_region()) return body(0, 1);
  // One element per thread: libtorch's elementwise loops are the exported way into its threads. Should there be fewer
  // threads than elements, then some have several, and all know when every element has found its thread.
  auto places = at::empty({most}, at::kByte);
  auto iterator = at::TensorIterator::borrowing_nullary_op(places);
  const char *const first = static_cast<const char *>(places.data_ptr());
  std::atomic<int64_t> members{0}, taken{0};
  iterator.for_each(
      [&](char **data, const int64_t *, int64_t size, int64_t rows) {
        const int64_t arrival = members.fetch_add(1);
        taken.fetch_add(size * rows);
        spin([&] { return taken.load() == most; });
        const int64_t all = members.load();
        body(all == most ? data[0] - first : arrival, all);
      },
      1);
}

}  // namespace mohawk
