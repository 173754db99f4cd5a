// Compiles the file named by KERNEL once for every set of instructions, in the namespaces `portable`, `avx2` and `avx512`,
// and chooses among them. Included once per source file, after everything that the kernel names.
#include "MohawkInstructions.h"

#include "TargetPortable.h"
namespace mohawk::portable {
#include KERNEL
}  // namespace mohawk::portable
#include "TargetEnd.h"

#if defined(__x86_64__)
#include "TargetAVX2.h"
namespace mohawk::avx2 {
#include KERNEL
}  // namespace mohawk::avx2
#include "TargetEnd.h"

#include "TargetAVX512.h"
namespace mohawk::avx512 {
#include KERNEL
}  // namespace mohawk::avx512
#include "TargetEnd.h"

// The form of a function for the instructions in use.
#define PICK(...)                                                    \
  (mhk_instructions() == MHK_AVX512 ? &mohawk::avx512::__VA_ARGS__   \
   : mhk_instructions() == MHK_AVX2 ? &mohawk::avx2::__VA_ARGS__     \
                                    : &mohawk::portable::__VA_ARGS__)
// The same of a function template over the vectors of Lanes.h.
#define PICK_LANES(name, ...)                                                                    \
  (mhk_instructions() == MHK_AVX512 ? &avx512::name<avx512::Floats __VA_OPT__(, ) __VA_ARGS__>   \
   : mhk_instructions() == MHK_AVX2 ? &avx2::name<avx2::Floats __VA_OPT__(, ) __VA_ARGS__>       \
                                    : &portable::name<portable::Floats __VA_OPT__(, ) __VA_ARGS__>)
#else
#define PICK(...) (&mohawk::portable::__VA_ARGS__)
#define PICK_LANES(name, ...) (&portable::name<portable::Floats __VA_OPT__(, ) __VA_ARGS__>)
#endif
