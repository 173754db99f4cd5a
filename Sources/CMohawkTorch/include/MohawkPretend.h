/// The device that libtorch calls PrivateUse1, where a library that is loaded beside this one has registered it, as that of
/// the tests does.
#pragma once

#include "MohawkBase.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Its code, after those of CMohawkTorch.h.
enum { MHK_PRETEND = 2 };

/// How many of them there are.
int32_t mhk_pretend_devices(void);

#ifdef __cplusplus
}
#endif
