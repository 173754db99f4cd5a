// What all C interfaces share.
#ifndef MOHAWK_BASE_H
#define MOHAWK_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define MHK_NULLABLE _Nullable
#else
#define MHK_NULLABLE
#endif

// NULL for success, or a message that stays valid until the next call on the same thread.
typedef const char *MHK_NULLABLE mhk_error;

// Codes of element types; the order is part of the interface.
enum {
  MHK_FLOAT32 = 0,
  MHK_FLOAT64,
  MHK_BFLOAT16,
  MHK_FLOAT16,
  MHK_INT64,
  MHK_INT32,
  MHK_INT16,
  MHK_INT8,
  MHK_UINT8,
  MHK_BOOL
};

#endif
