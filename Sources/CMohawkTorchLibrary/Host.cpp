// The process that loaded this library.
#include "Library.h"
#include "MohawkInstructions.h"

static mhk_host host;

extern "C" {

void mhk_library_attach(const mhk_host *process) { host = *process; }
int32_t mhk_instructions(void) { return host.instructions(); }

}  // extern "C"
