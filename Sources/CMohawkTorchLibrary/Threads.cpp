// libtorch's threads for others.
#include <ATen/Parallel.h>

#include <atomic>

#include "Library.h"
#include "Tasks.h"

namespace {

int32_t threads() { return at::get_num_threads(); }
void set_threads(int32_t count) { at::set_num_threads(count); }

/// Returns when `value` is no longer `old`: at once, or soon after.
void await_change(const std::atomic<uint32_t> &value, uint32_t old) {
  for (int spin = 0; spin < 4000 && value.load() == old; spin++) {
  }
  value.wait(old);
}

void run_parallel(int64_t most, void *context, mhk_member body) {
  if (most <= 1 || at::in_parallel_region()) return body(context, 0, 1);
  // Should there be fewer threads than parts, then some have several, and all know when every part has found its thread.
  std::atomic<int64_t> members{0};
  std::atomic<uint32_t> taken{0};
  mohawk::on_threads(most, [&](int64_t first, int64_t size) {
    const int64_t arrival = members.fetch_add(1);
    taken.fetch_add(static_cast<uint32_t>(size));
    taken.notify_all();
    for (uint32_t seen = taken.load(); seen != most; seen = taken.load()) await_change(taken, seen);
    const int64_t all = members.load();
    body(context, all == most ? first : arrival, all);
  });
}

}  // namespace

extern "C" const mhk_thread_source *mhk_library_threads(void) {
  static const mhk_thread_source source{threads, set_threads, run_parallel};
  return &source;
}
