// One head from its operands to its norm and gradients: every tile once for the teacher's sums, once for the rest.

/// What is packed of one head, and what is known of its tiles.
template <typename E>
struct PackedHead {
  using T = Sum<E>;
  int64_t tiles, teacherUnits, studentUnits, width;
  Unit<E> *k, *b;   // [tiles][units, tile]
  Unit<E> *bStack;  // [tiles][tile / size, width]
  double *logs;     // [tiles · tile] cumulative, to base 2
  float *bSize, *cSize;  // [tiles]: the longest row's logarithm to base 2, at least 0

  template <typename G>
  explicit PackedHead(const OrientationHead<E, G> &head)
      : tiles((head.length + tile - 1) / tile),
        teacherUnits(unitsOf<E>(head.teacherDim)),
        studentUnits(unitsOf<E>(head.stateDim)),
        width(paddedWidth<E>(head.stateDim)) {}

  template <typename Take>
  void list(Take take) {
    take(k, tiles * tile * teacherUnits);
    take(b, tiles * tile * studentUnits);
    take(bStack, tiles * tile / Units<E>::size * width);
    take(logs, tiles * tile);
    for (auto *array : {&bSize, &cSize}) take(*array, tiles);
  }

  /// Packs it by way of `room`, for a tile of the wider rows.
  template <typename G>
  void pack(const OrientationHead<E, G> &head, Unit<E> *room) {
    double total = 0;
    for (int64_t i = 0; i < tiles * tile; i++) {
      if (i < head.length) total += head.logDecay[i][0] * 1.4426950408889634;
      logs[i] = total;
    }
    for (int64_t t = 0; t < tiles; t++) {
      const int64_t first = t * tile, count = head.length - first < tile ? head.length - first : tile;
      packColumns<E>(head.k, first, count, head.teacherDim, room, k + t * tile * teacherUnits);
      packColumns<E>(head.b, first, count, head.stateDim, room, b + t * tile * studentUnits);
      if (head.bGradient.first)
        packStacked<E>(head.b, first, count, head.stateDim, width, bStack + t * tile / Units<E>::size * width);
      bSize[t] = size(head.b, first, count, head.stateDim);
      cSize[t] = size(head.c, first, count, head.stateDim);
    }
  }

  static float size(const Rows<const E> &rows, int64_t first, int64_t count, int64_t width) {
    T most = 1;
    for (int64_t i = first; i < first + count; i++) {
      T sum = 0;
      for (int64_t j = 0; j < width; j++) sum += widened(rows[i][j]) * widened(rows[i][j]);
      most = sum < most ? most : sum;
    }
    return static_cast<float>(__builtin_log2(most) / 2);
  }

  /// Whether the student's part of a tile is lost in the rounding of everything it is added to, gradients as well.
  bool isNegligible(int64_t i, int64_t j) const {
    if (i == j || sizeof(T) == 8) return false;
    const double decay = logs[i * tile] - logs[j * tile + tile - 1];
    return decay + bSize[j] + cSize[i] < -64;
  }
};

template <typename E, typename G>
void writeGradients(
    const OrientationHead<E, G> &head, double factor, int64_t width, const Sum<E> *b, const Sum<E> *c) {
  for (int64_t i = 0; i < head.length; i++)
    for (int64_t j = 0; j < head.stateDim; j++) {
      put(head.bGradient[i] + j, b[i * width + j] * factor);
      put(head.cGradient[i] + j, c[i * width + j] * factor);
    }
}

template <typename E, typename G>
void orient(const OrientationHead<E, G> &head) {
  using T = Sum<E>;
  constexpr int lanes = Lanes<T>::count;
  constexpr int64_t size = Units<E>::size;
  const bool withGradients = head.bGradient.first != nullptr;
  PackedHead<E> packed(head);
  const int64_t tiles = packed.tiles, width = packed.width;
  const int64_t teacherUnits = packed.teacherUnits, studentUnits = packed.studentUnits;
  const int64_t kept = withGradients ? tiles * tile : 0;
  TeacherRows<E> teacher;
  Gradients<E> gradients;
  StudentTile<E> student{};
  Unit<E> *room, *q, *c, *cStack;
  T *bGradient, *cGradient;
  double *rowWeights, *columnWeights;
  const auto list = [&](auto take) {
    packed.list(take);
    teacher.list(take);
    gradients.list(take);
    take(room, tile * (teacherUnits > studentUnits ? teacherUnits : studentUnits));
    take(q, tile * teacherUnits);
    take(c, tile * studentUnits);
    take(cStack, tile / size * width);
    for (auto *array : {&student.rowDecays, &student.columnDecays}) take(*array, tile);
    for (auto *array : {&bGradient, &cGradient}) take(*array, kept * width);
    for (auto *array : {&rowWeights, &columnWeights}) take(*array, kept);
  };
  const Arena arena(list);
  clear(list);
  packed.pack(head, room);

  const T factor = static_cast<T>(head.scale * 1.4426950408889634);
  student.q = q;
  student.c = c;
  student.teacherUnits = teacherUnits;
  student.studentUnits = studentUnits;
  student.factor = factor;
  student.logSums = teacher.logSums;
  student.skip = static_cast<T>(head.skip);
  double total = 0;
  for (int64_t i = 0; i < tiles; i++) {
    const int64_t first = i * tile, count = head.length - first < tile ? head.length - first : tile;
    packRows<E>(head.q, first, count, head.teacherDim, q);
    packRows<E>(head.c, first, count, head.stateDim, c);
    if (withGradients) packStacked<E>(head.c, first, count, head.stateDim, width, cStack);
    teacher.begin();
    for (int64_t j = 0; j < i; j++) {
      const Unit<E> *k = packed.k + j * tile * teacherUnits;
      if (packed.isNegligible(i, j)) {
        teacher.template read<false, true>(q, k, teacherUnits, factor);
      } else {
        teacher.template read<false, false>(q, k, teacherUnits, factor);
      }
    }
    teacher.template read<true, false>(q, packed.k + i * tile * teacherUnits, teacherUnits, factor);
    total += teacher.finish(count);

    student.count = count;
    student.rowLogs = packed.logs + first;
    student.beginRows();
    for (int64_t n = 0; n < tile * lanes; n++) gradients.rowWeights[n] = 0;
    for (int64_t j = 0; j <= i; j++) {
      if (packed.isNegligible(i, j)) continue;
      student.k = packed.k + j * tile * teacherUnits;
      student.b = packed.b + j * tile * studentUnits;
      student.columnLogs = packed.logs + j * tile;
      if (!withGradients) {
        total += i == j ? student.template compare<true, false>(gradients) : student.template compare<false, false>(gradients);
        continue;
      }
      total += i == j ? student.template compare<true, true>(gradients) : student.template compare<false, true>(gradients);
      addProduct<E>(
          gradients.rows, tile / size, 1, packed.bStack + j * tile / size * width, width, tile / size,
          cGradient + first * width);
      addProduct<E>(gradients.columns, 1, tile, cStack, width, tile / size, bGradient + j * tile * width);
      for (int64_t n = 0; n < tile; n++) columnWeights[j * tile + n] += gradients.columnWeights[n];
    }
    if (withGradients)
      for (int64_t n = 0; n < tile; n++)
        for (int l = 0; l < lanes; l++) rowWeights[first + n] += gradients.rowWeights[n * lanes + l];
  }

  const double norm = __builtin_sqrt(total);
  *head.norm = norm;
  if (!withGradients) return;
  const double share = norm == 0 ? 0 : head.share / norm;
  writeGradients(head, share, width, bGradient, cGradient);
  double sum = 0;
  for (int64_t i = head.length - 1; i > 0; i--) {
    sum += rowWeights[i] - columnWeights[i];
    head.logDecayGradient[i][0] = sum * share;
  }
  if (head.length > 0) head.logDecayGradient[0][0] = 0;  // it scales nothing
  *head.skipGradient = student.skipGradient * share;
}
