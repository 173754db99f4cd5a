// Threads that meet every few microseconds.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace mohawk {

/// Where all threads of a team wait for each other. Waiting turns in place: what the others still do is short.
class Barrier {
 public:
  explicit Barrier(int64_t threads) : threads_(threads) {}
  void wait();

 private:
  const int64_t threads_;
  alignas(64) std::atomic<int64_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> round_{0};
};

/// Calls `body` once on each of `threads` threads with its number, on the caller's with 0, and returns when all have.
/// The threads of the team live as long as the process; one call at a time has them, others wait for it.
void on_team(int64_t threads, const std::function<void(int64_t)> &body);

}  // namespace mohawk
