// Work on libtorch's threads.
#pragma once
#include <cstdint>
#include <functional>

namespace mohawk {

/// Calls `body` once with each number below `count`, from as many threads as libtorch uses, each taking the next number
/// when it is free. The pieces must not write the same memory. at::parallel_for cannot be used here: outside
/// libtorch it runs on one thread unless its caller is compiled with OpenMP.
void in_parallel(int64_t count, const std::function<void(int64_t)> &body);

/// Calls `body` on at most `count` threads at the same time, each with a part of the numbers below `count`: the first one
/// and how many they are, mostly 1.
void on_threads(int64_t count, const std::function<void(int64_t first, int64_t size)> &body);

}  // namespace mohawk
