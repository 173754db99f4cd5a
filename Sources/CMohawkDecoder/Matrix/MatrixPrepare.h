// Activations as the products read them. Compiled per target.

static void prepare_f32(const float *x, int64_t columns, float *out) {
  std::memcpy(out, x, static_cast<size_t>(columns) * 4);
  std::memset(out + columns, 0, static_cast<size_t>(prepared_step(WeightFormat::f32, columns) - columns) * 4);
}

static void prepare_bf16(const float *x, int64_t columns, uint16_t *out) {
  for (int64_t k = 0; k < columns; k++) {
    uint32_t bits;
    std::memcpy(&bits, x + k, 4);
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    out[k] = static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
  }
  std::memset(out + columns, 0, static_cast<size_t>(prepared_step(WeightFormat::bf16, columns) - columns) * 2);
}

// One group: the largest size becomes 127. What is not finite makes the whole group NaN; what is below 1e-30 is 0.
static inline void prepare_group(const float *x, int8_t *out, float *scale, int32_t *offset) {
  int32_t bits[group_columns], most = 0;
  std::memcpy(bits, x, sizeof bits);
  for (int64_t k = 0; k < group_columns; k++) {
    const int32_t size = bits[k] & 0x7fffffff;
    most = size > most ? size : most;
  }
  float largest;
  std::memcpy(&largest, &most, 4);
  if (!(largest >= 1e-30f && most < 0x7f800000)) {
    std::memset(out, 0, group_columns);
    *scale = most < 0x7f800000 ? 0 : __builtin_nanf("");
    *offset = 0;
    return;
  }
  const float inverse = 127 / largest;
  int32_t sum = 0;
  for (int64_t k = 0; k < group_columns; k++) {
    const auto whole = static_cast<int32_t>(__builtin_rintf(x[k] * inverse));  // ties to even
    sum += whole;
    out[k] = static_cast<int8_t>(whole);
  }
  *scale = largest / 127;
  *offset = -128 * sum;
}

static void prepare_groups(const float *x, int64_t columns, uint8_t *out) {
  const PreparedLayout layout(columns);
  auto *numbers = reinterpret_cast<int8_t *>(out);
  auto *scales = reinterpret_cast<float *>(out + layout.scales());
  auto *offsets = reinterpret_cast<int32_t *>(out + layout.offsets());
  const int64_t whole = columns / group_columns;
  for (int64_t g = 0; g < whole; g++)
    prepare_group(x + g * group_columns, numbers + g * group_columns, scales + g, offsets + g);
  if (whole < layout.groups) {
    float rest[group_columns] = {};
    std::memcpy(rest, x + whole * group_columns, static_cast<size_t>(columns - whole * group_columns) * 4);
    prepare_group(rest, numbers + whole * group_columns, scales + whole, offsets + whole);
  }
}

static void prepare_here(WeightFormat format, const float *x, int64_t columns, int64_t count, void *prepared) {
  auto *out = static_cast<uint8_t *>(prepared);
  const int64_t step = prepared_bytes(format, columns, 1);
  for (int64_t c = 0; c < count; c++, x += columns, out += step) {
    switch (format) {
      case WeightFormat::f32: prepare_f32(x, columns, reinterpret_cast<float *>(out)); break;
      case WeightFormat::bf16: prepare_bf16(x, columns, reinterpret_cast<uint16_t *>(out)); break;
      default: prepare_groups(x, columns, out);
    }
  }
}
