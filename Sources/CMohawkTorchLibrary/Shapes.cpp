#include "Translation.h"

using namespace mohawk;

extern "C" {

mhk_error mhk_reshape(mhk_tensor a, const int64_t *shape, int32_t dim, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).reshape(ints(shape, dim))); });
}
mhk_error mhk_expand(mhk_tensor a, const int64_t *shape, int32_t dim, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).expand(ints(shape, dim))); });
}
mhk_error mhk_permute(mhk_tensor a, const int64_t *order, int32_t dim, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).permute(ints(order, dim))); });
}
mhk_error mhk_transpose(mhk_tensor a, int64_t first, int64_t second, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).transpose(first, second)); });
}
mhk_error mhk_narrow(mhk_tensor a, int64_t dim, int64_t start, int64_t length, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).narrow(dim, start, length)); });
}
mhk_error mhk_select(mhk_tensor a, int64_t dim, int64_t index, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).select(dim, index)); });
}
mhk_error mhk_diagonal(mhk_tensor a, int64_t offset, int64_t first, int64_t second, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).diagonal(offset, first, second)); });
}
mhk_error mhk_repeat_interleave(mhk_tensor a, int64_t count, int64_t dim, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).repeat_interleave(count, dim)); });
}
mhk_error mhk_pad(mhk_tensor a, const int64_t *pad, int32_t count, double value, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::constant_pad_nd(get(a), ints(pad, count), value)); });
}
mhk_error mhk_tril(mhk_tensor a, int64_t diagonal, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).tril(diagonal)); });
}
mhk_error mhk_triu(mhk_tensor a, int64_t diagonal, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).triu(diagonal)); });
}
mhk_error mhk_cat(const mhk_tensor *handles, int32_t count, int64_t dim, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::cat(list(handles, count), dim)); });
}
mhk_error mhk_stack(const mhk_tensor *handles, int32_t count, int64_t dim, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::stack(list(handles, count), dim)); });
}
mhk_error mhk_index_select(mhk_tensor a, int64_t dim, mhk_tensor index, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).index_select(dim, get(index))); });
}
mhk_error mhk_gather(mhk_tensor a, int64_t dim, mhk_tensor index, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).gather(dim, get(index))); });
}
mhk_error mhk_where(mhk_tensor condition, mhk_tensor a, mhk_tensor b, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::where(get(condition), get(a), get(b))); });
}
mhk_error mhk_scatter_fill(mhk_tensor a, int64_t dim, mhk_tensor index, double value, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).scatter(dim, get(index), value)); });
}
mhk_error mhk_masked_fill(mhk_tensor a, mhk_tensor mask, double value, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).masked_fill(get(mask), value)); });
}
mhk_error mhk_to(mhk_tensor a, int32_t dtype, int32_t kind, int32_t index, mhk_tensor *out) {
  return guarded([&] { *out = wrap(get(a).to(device(kind, index), scalar_type(dtype))); });
}

}  // extern "C"
