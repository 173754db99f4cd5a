// Memory of one piece of work, such as a head's.
#pragma once
#include <cstddef>

namespace mohawk {

/// At least `bytes`, aligned for vectors, where large tensors lie: small things that stay must not settle between two
/// pieces of work. Throws `std::bad_alloc` when there is no more.
void *take_working_memory(size_t bytes);
void give_working_memory(void *memory);

}  // namespace mohawk
