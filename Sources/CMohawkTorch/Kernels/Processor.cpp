#include "Processor.h"

#include <algorithm>
#include <atomic>

namespace mohawk {
namespace {

std::atomic<Processor> limit{Processor::avx512};

Processor best() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (avx2 && avx512) return Processor::avx512;
  if (avx2) return Processor::avx2;
#endif
  return Processor::portable;
}

}  // namespace

Processor processor() {
  static const Processor own = best();
  return std::min(own, limit.load());
}

void limit_processor(Processor most) { limit = most; }

}  // namespace mohawk
