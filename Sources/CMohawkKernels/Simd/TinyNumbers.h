// What the processor does with numbers below the normal ones.
#pragma once

namespace mohawk {

/// Numbers below the normal ones count as 0 on this thread while this lives: they matter to nobody and cost much.
struct TinyNumbersAreZero {
#if defined(__x86_64__)
  unsigned before = __builtin_ia32_stmxcsr();
  TinyNumbersAreZero() { __builtin_ia32_ldmxcsr(before | 0x8040); }
  ~TinyNumbersAreZero() { __builtin_ia32_ldmxcsr(before); }
#else
  TinyNumbersAreZero() {}
  ~TinyNumbersAreZero() {}
#endif
};

}  // namespace mohawk
