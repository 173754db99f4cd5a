#include "Tasks.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

#include <atomic>

namespace mohawk {

void in_parallel(int64_t count, const std::function<void(int64_t)> &body) {
  const int64_t workers = std::min<int64_t>(count, at::get_num_threads());
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t i = next++; i < count; i = next++) body(i);
  };
  if (workers <= 1 || at::in_parallel_region()) return work();
  // One element per worker: libtorch's elementwise loops are the exported way into its threads.
  auto places = at::empty({workers}, at::kByte);
  auto iterator = at::TensorIterator::borrowing_nullary_op(places);
  iterator.for_each([&](char **, const int64_t *, int64_t, int64_t) { work(); }, 1);
}

}  // namespace mohawk
