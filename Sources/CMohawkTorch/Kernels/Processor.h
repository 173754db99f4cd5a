// Which kernels this machine can run.
#pragma once

namespace mohawk {

/// From the least to the most demanding.
enum class Processor { portable, avx2, avx512 };

/// The best that this machine has, or less when a test asked for less.
Processor processor();
/// Asks for no more than `most`, everywhere, from now on.
void limit_processor(Processor most);

}  // namespace mohawk
