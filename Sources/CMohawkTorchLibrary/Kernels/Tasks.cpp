#include "Tasks.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

#include <atomic>

namespace mohawk {

void on_threads(int64_t count, const std::function<void(int64_t, int64_t)> &body) {
  // One element per thread: libtorch's elementwise loops are the exported way into its threads.
  auto places = at::empty({count}, at::kByte);
  auto iterator = at::TensorIterator::borrowing_nullary_op(places);
  const char *const first = static_cast<const char *>(places.data_ptr());
  iterator.for_each(
      [&](char **data, const int64_t *, int64_t size, int64_t rows) { body(data[0] - first, size * rows); }, 1);
}

void in_parallel(int64_t count, const std::function<void(int64_t)> &body) {
  const int64_t workers = std::min<int64_t>(count, at::get_num_threads());
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t i = next++; i < count; i = next++) body(i);
  };
  if (workers <= 1 || at::in_parallel_region()) return work();
  on_threads(workers, [&](int64_t, int64_t) { work(); });
}

}  // namespace mohawk
