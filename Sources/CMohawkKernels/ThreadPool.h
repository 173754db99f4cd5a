// Threads that meet every few microseconds.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace mohawk {

/// Returns when `value` is no longer `old`. Spins while that is near, then sleeps: the processor is shared, and
/// who is waited for may need it.
void await_change(const std::atomic<uint32_t> &value, uint32_t old);

/// Where all threads of a team wait for each other: in place at first, for what the others still do is short, then asleep.
class Barrier {
 public:
  void wait(int64_t threads);

 private:
  alignas(64) std::atomic<int64_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> round_{0};
};

/// Calls `body` once on each of at most `most` threads at the same time, with its number and how many there are, and
/// returns when all have.
void run_parallel(int64_t most, const std::function<void(int64_t index, int64_t members)> &body);

/// Calls `body` once with each number below `count`, from as many threads as `mhk_threads` says, each taking the next
/// number when it is free. The pieces must not write the same memory.
void in_parallel(int64_t count, const std::function<void(int64_t)> &body);

}  // namespace mohawk
