#include "ThreadPool.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "MohawkThreads.h"
#include "ThreadSource.h"

namespace mohawk {
namespace {

using Body = std::function<void(int64_t, int64_t)>;

/// Threads that help the one that owns this. They sleep while there is nothing to do.
class Helpers {
 public:
  ~Helpers() { end(); }

  /// Runs `body` on this thread and `members` − 1 others.
  void run(int64_t members, const Body &body) {
    if (static_cast<int64_t>(threads_.size()) != members - 1) {
      end();
      start(members - 1);
    }
    body_ = &body;
    left_.store(static_cast<uint32_t>(threads_.size()), std::memory_order_relaxed);
    next();
    body(0, members);
    for (uint32_t left = left_.load(std::memory_order_acquire); left > 0; left = left_.load(std::memory_order_acquire))
      await_change(left_, left);
  }

 private:
  std::vector<std::thread> threads_;
  const Body *body_ = nullptr;  // null for the end
  alignas(64) std::atomic<uint32_t> round_{0};
  alignas(64) std::atomic<uint32_t> left_{0};

  void start(int64_t count) {
    const uint32_t now = round_.load();
    for (int64_t i = 0; i < count; i++)
      threads_.emplace_back([this, i, count, now] { help(i + 1, count + 1, now); });
  }

  void help(int64_t index, int64_t members, uint32_t round) {
    is_member = true;
    for (;; round++) {
      await_change(round_, round);
      if (body_ == nullptr) return;
      (*body_)(index, members);
      if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
    }
  }

  void next() {
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }

  void end() {
    if (threads_.empty()) return;
    body_ = nullptr;
    next();
    for (std::thread &thread : threads_) thread.join();
    threads_.clear();
  }

 public:
  /// Whether this thread is in a team already, which gets no team of its own.
  static thread_local bool is_member;
};

thread_local bool Helpers::is_member = false;

}  // namespace

void run_parallel(int64_t most, const Body &body) {
  if (const mhk_thread_source *const source = thread_source()) {
    return source->run_parallel(most, const_cast<Body *>(&body), [](void *context, int64_t index, int64_t members) {
      (*static_cast<const Body *>(context))(index, members);
    });
  }
  if (most <= 1 || Helpers::is_member) return body(0, 1);
  static thread_local Helpers helpers;
  Helpers::is_member = true;
  helpers.run(most, body);
  Helpers::is_member = false;
}

void in_parallel(int64_t count, const std::function<void(int64_t)> &body) {
  std::atomic<int64_t> next{0};
  run_parallel(std::min<int64_t>(count, mhk_threads()), [&](int64_t, int64_t) {
    for (int64_t i = next++; i < count; i = next++) body(i);
  });
}

}  // namespace mohawk

extern "C" void mhk_in_parallel(int64_t count, void *context, void (*body)(void *, int64_t)) {
  mohawk::in_parallel(count, [&](int64_t index) { body(context, index); });
}
