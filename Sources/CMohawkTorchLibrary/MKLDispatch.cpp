// libtorch's bundled MKL asks these two functions for the processor's vendor before it chooses kernels, and takes
// AVX2 ones where the answer is "not Intel". The definitions here come first in symbol look-up. Once allowed, MKL
// chooses by the processor's features alone, which on AMD's Zen 4 and 5 means AVX-512: twice the speed of fp32
// matrix products and more.
#include "Library.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <cstring>

static bool is_intel() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(0, &a, &b, &c, &d)) return false;
  char vendor[12];
  std::memcpy(vendor, &b, 4);
  std::memcpy(vendor + 4, &d, 4);
  std::memcpy(vendor + 8, &c, 4);
  return std::memcmp(vendor, "GenuineIntel", 12) == 0;
}

static bool by_features = true;

extern "C" {
__attribute__((visibility("default"))) int mkl_serv_intel_cpu_true(void) { return by_features || is_intel(); }
__attribute__((visibility("default"))) int mkl_serv_intel_cpu(void) { return by_features || is_intel(); }
void mhk_library_allow_mkl_features(bool allowed) { by_features = allowed; }
}
#else
extern "C" void mhk_library_allow_mkl_features(bool) {}
#endif
