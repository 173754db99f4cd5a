#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>

#include "Translation.h"

namespace mohawk {
at::Generator &generator(mhk_generator handle) { return *static_cast<at::Generator *>(handle.object); }
}  // namespace mohawk

using namespace mohawk;

static at::TensorOptions options(int32_t dtype, int32_t kind, int32_t index) {
  return at::TensorOptions().dtype(scalar_type(dtype)).device(device(kind, index));
}

static at::TensorOptions options(int32_t dtype, mhk_generator g) {
  return at::TensorOptions().dtype(scalar_type(dtype)).device(generator(g).device());
}

extern "C" {

mhk_error mhk_empty(const int64_t *shape, int32_t dim, int32_t dtype, int32_t kind, int32_t index, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::empty(ints(shape, dim), options(dtype, kind, index))); });
}
mhk_error mhk_full(const int64_t *shape, int32_t dim, double value, int32_t dtype, int32_t kind, int32_t index,
                   mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::full(ints(shape, dim), value, options(dtype, kind, index))); });
}
mhk_error mhk_arange(double start, double end, double step, int32_t dtype, int32_t kind, int32_t index,
                     mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::arange(start, end, step, options(dtype, kind, index))); });
}
mhk_error mhk_from_bytes(const void *bytes, const int64_t *shape, int32_t dim, int32_t dtype, mhk_tensor *out) {
  return guarded([&] {
    auto tensor = at::empty(ints(shape, dim), options(dtype, MHK_CPU, 0));
    if (tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), bytes, tensor.nbytes());
    *out = wrap(tensor);
  });
}
mhk_error mhk_borrow(void *start, const int64_t *shape, const int64_t *strides, int32_t dim, int32_t dtype,
                     void (*release)(void *), void *context, mhk_tensor *out) {
  return guarded([&] {
    *out = wrap(at::from_blob(
        start, ints(shape, dim), ints(strides, dim), [release, context](void *) { release(context); },
        options(dtype, MHK_CPU, 0)));
  });
}

mhk_error mhk_generator_new(uint64_t seed, int32_t kind, int32_t index, mhk_generator *out) {
  return guarded([&] {
    auto made = kind == MHK_CPU ? at::detail::createCPUGenerator(seed)
                                : at::globalContext().defaultGenerator(device(kind, index)).clone();
    made.set_current_seed(seed);
    out->object = new at::Generator(made);
  });
}
void mhk_generator_free(mhk_generator g) { delete static_cast<at::Generator *>(g.object); }
mhk_error mhk_generator_state(mhk_generator g, mhk_tensor *out) {
  return guarded([&] { *out = wrap(generator(g).get_state()); });
}
mhk_error mhk_generator_set_state(mhk_generator g, mhk_tensor state) {
  return guarded([&] { generator(g).set_state(get(state)); });
}
mhk_error mhk_randn(const int64_t *shape, int32_t dim, int32_t dtype, mhk_generator g, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::randn(ints(shape, dim), generator(g), options(dtype, g))); });
}
mhk_error mhk_rand(const int64_t *shape, int32_t dim, int32_t dtype, mhk_generator g, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::rand(ints(shape, dim), generator(g), options(dtype, g))); });
}
mhk_error mhk_randint(int64_t low, int64_t high, const int64_t *shape, int32_t dim, mhk_generator g, mhk_tensor *out) {
  return guarded(
      [&] { *out = wrap(at::randint(low, high, ints(shape, dim), generator(g), options(MHK_INT64, g))); });
}
mhk_error mhk_multinomial(mhk_tensor a, int64_t count, mhk_generator g, mhk_tensor *out) {
  return guarded([&] { *out = wrap(at::multinomial(get(a), count, false, generator(g))); });
}

}  // extern "C"
