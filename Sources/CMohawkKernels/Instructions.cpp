#include "MohawkInstructions.h"

#include <algorithm>

static int32_t best() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return MHK_PORTABLE;
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
  return wide ? MHK_AVX512 : MHK_AVX2;
#else
  return MHK_PORTABLE;
#endif
}

static thread_local int32_t limit = MHK_AVX512;

extern "C" {
int32_t mhk_instructions(void) {
  static const int32_t found = best();
  return std::min(found, limit);
}
void mhk_limit_instructions(int32_t set) { limit = set; }
}
