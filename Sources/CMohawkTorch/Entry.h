// Functions that are in the library.
#pragma once
#include <stdatomic.h>

/// The library's function of this name. Loads the library when that has not been done.
void *mhk_entry(const char *name);

// Defines a function that calls the library's one of the same name, which is looked for once.
#define FOUND(name)                                                             \
  static _Atomic(__typeof__(&name)) known;                                      \
  __typeof__(&name) entry = atomic_load_explicit(&known, memory_order_relaxed); \
  if (!entry) atomic_store_explicit(&known, entry = (__typeof__(&name))mhk_entry(#name), memory_order_relaxed);
#define FUNCTION(type, name, parameters, arguments) \
  type name parameters {                            \
    FOUND(name)                                     \
    return entry arguments;                         \
  }
#define ACTION(name, parameters, arguments) \
  void name parameters {                    \
    FOUND(name)                             \
    entry arguments;                        \
  }
