// Plans through the C interface.
#include "Guarded.h"
#include "Plan.h"

using namespace mohawk;

namespace {

Plan &plan_of(mhk_plan handle) { return *static_cast<Plan *>(handle.object); }
Record &record_of(mhk_record handle) { return *static_cast<Record *>(handle.object); }

template <typename... Shape>
mhk_error add(mhk_plan plan, const mhk_layer *layer, const Shape &...mixer) {
  return guarded([&] { plan_of(plan).layers.push_back({*layer, make_mixer(mixer...)}); });
}

}  // namespace

extern "C" {

mhk_error mhk_plan_new(const mhk_plan_shape *shape, mhk_plan *out) {
  return guarded([&] { out->object = new Plan(*shape); });
}
void mhk_plan_free(mhk_plan plan) { delete &plan_of(plan); }

mhk_error mhk_plan_add_attention(mhk_plan plan, const mhk_layer *layer, const mhk_attention_mixer *mixer) {
  return add(plan, layer, *mixer);
}
mhk_error mhk_plan_add_ssd(mhk_plan plan, const mhk_layer *layer, const mhk_ssd_mixer *mixer) {
  return add(plan, layer, *mixer);
}
mhk_error mhk_plan_add_scan(mhk_plan plan, const mhk_layer *layer, const mhk_scan_mixer *mixer) {
  return add(plan, layer, *mixer);
}

mhk_error mhk_plan_run(mhk_plan plan, const mhk_sequence *sequences, int64_t count, int32_t threads,
                       const mhk_record *record, float *logits) {
  return guarded([&] {
    plan_of(plan).run(sequences, count, threads, record == nullptr ? nullptr : &record_of(*record), logits);
  });
}

mhk_error mhk_record_new(mhk_record *out) {
  return guarded([&] { out->object = new Record; });
}
void mhk_record_free(mhk_record record) { delete &record_of(record); }

mhk_error mhk_plan_commit(mhk_plan plan, mhk_record record, int64_t count, const mhk_layer_state *layers,
                          int32_t threads) {
  return guarded([&] { plan_of(plan).commit(record_of(record), count, layers, threads); });
}

}  // extern "C"
