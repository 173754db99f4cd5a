// Threads that meet every few microseconds.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace mohawk {

/// Where all threads of a team wait for each other: in place at first, for what the others still do is short, then asleep.
class Barrier {
 public:
  void wait(int64_t threads);

 private:
  alignas(64) std::atomic<int64_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> round_{0};
};

/// Calls `body` once on each of at most `most` threads at the same time, with its number and how many there are, and
/// returns when all have. They are libtorch's: threads of our own would find the processors taken where libtorch's wait
/// actively after each operation.
void on_team(int64_t most, const std::function<void(int64_t index, int64_t members)> &body);

}  // namespace mohawk
