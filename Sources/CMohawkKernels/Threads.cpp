// How many threads an operation may use.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "ThreadSource.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace {

std::atomic<const mhk_thread_source *> source{nullptr};
std::atomic<int32_t> wanted{0};

/// The cores that this process may run on: processors that share a core count once.
int64_t cores() {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    std::set<std::string> found;
    for (int i = 0; i < CPU_SETSIZE; i++) {
      if (!CPU_ISSET(i, &allowed)) continue;
      const std::string name = std::to_string(i);
      std::ifstream file("/sys/devices/system/cpu/cpu" + name + "/topology/thread_siblings_list");
      std::string siblings;
      found.insert(std::getline(file, siblings) ? siblings : name);
    }
    return static_cast<int64_t>(found.size());
  }
#endif
  return std::thread::hardware_concurrency();
}

int32_t usual() {
  for (const char *const name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS"}) {
    const char *const text = std::getenv(name);
    const long count = text == nullptr ? 0 : std::strtol(text, nullptr, 10);
    if (count > 0) return static_cast<int32_t>(std::min(count, 4096l));
  }
  return static_cast<int32_t>(std::clamp<int64_t>(cores(), 1, 4096));
}

}  // namespace

const mhk_thread_source *mohawk::thread_source() { return source.load(std::memory_order_acquire); }

extern "C" {

int32_t mhk_threads(void) {
  if (const auto *const library = mohawk::thread_source()) return library->threads();
  if (const int32_t count = wanted.load()) return count;
  static const int32_t found = usual();
  return found;
}

void mhk_set_threads(int32_t count) {
  wanted.store(count);
  if (const auto *const library = mohawk::thread_source()) library->set_threads(count);
}

int32_t mhk_threads_set(void) { return wanted.load(); }

void mhk_use_threads_of(const mhk_thread_source *library) { source.store(library, std::memory_order_release); }

}  // extern "C"
