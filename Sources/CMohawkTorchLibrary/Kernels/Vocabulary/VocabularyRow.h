// One row of logits: its loss, and in the logits' place their gradient. Compiled per target.

// What is not there counts as a logit so far below the largest that its probability is 0.
constexpr double nowhere = -200;
// Numbers summed in fp32 before the sum goes into one of fp64.
constexpr int64_t stretch = 512;

template <typename L, typename T>
INLINE L logitsAt(const T *row, const typename L::Value *bias, L scale, int64_t i, int64_t n) {
  const int64_t left = n - i;
  if (left >= L::count) {
    const L x = L::load(row + i);
    return (bias != nullptr ? x + L::load(bias + i) : x) * scale;
  }
  const L x = L::load(row + i, left, 0);
  return (bias != nullptr ? x + L::load(bias + i, left, 0) : x) * scale;
}

template <typename L>
INLINE L within(L x, int64_t i, int64_t n, double rest) {
  return n - i >= L::count ? x : x.kept(n - i, rest);
}

template <typename L, typename T>
INLINE typename L::Value largestLogit(const T *row, const typename L::Value *bias, L scale, int64_t n) {
  constexpr double least = -std::numeric_limits<double>::infinity();
  L most = L::of(least);
  for (int64_t i = 0; i < n; i += L::count) {
    most = larger(most, within(logitsAt<L>(row, bias, scale, i, n), i, n, least));
  }
  return most.largest();
}

template <typename L, typename T>
INLINE void put(L x, T *row, int64_t i, int64_t n) {
  if (n - i >= L::count) {
    x.store(row + i);
  } else {
    x.store(row + i, n - i);
  }
}

// −Σ softmax(teacher) · log softmax(student); the student's row becomes factor · (softmax(student) − softmax(teacher)).
template <typename L, typename T>
double distilRow(const VocabularyRow &row) {
  using Value = typename L::Value;
  T *const student = static_cast<T *>(row.student);
  const T *const teacher = static_cast<const T *>(row.teacher);
  const Value *const bias = static_cast<const Value *>(row.bias);
  const Value *const teacherBias = static_cast<const Value *>(row.teacherBias);
  const L scale = L::of(row.scale), teacherScale = L::of(row.teacherScale);
  const int64_t n = row.count;
  const L top = L::of(largestLogit<L>(student, bias, scale, n));
  const L teacherTop = L::of(largestLogit<L>(teacher, teacherBias, teacherScale, n));
  double total = 0, teacherTotal = 0, products = 0;
  for (int64_t from = 0; from < n; from += stretch) {
    L sum = L::of(0), teacherSum = L::of(0), product = L::of(0);
    for (int64_t i = from; i < (n < from + stretch ? n : from + stretch); i += L::count) {
      const L s = within(logitsAt<L>(student, bias, scale, i, n) - top, i, n, nowhere);
      const L t = within(logitsAt<L>(teacher, teacherBias, teacherScale, i, n) - teacherTop, i, n, nowhere);
      const L weight = exponential(t);
      sum = sum + exponential(s);
      teacherSum = teacherSum + weight;
      product = multiplyAdd(weight, s, product);
    }
    total += sum.sum();
    teacherTotal += teacherSum.sum();
    products += product.sum();
  }
  const L up = L::of(row.factor / total), down = L::of(row.factor / teacherTotal);
  for (int64_t i = 0; i < n; i += L::count) {
    const L s = logitsAt<L>(student, bias, scale, i, n) - top;
    const L t = logitsAt<L>(teacher, teacherBias, teacherScale, i, n) - teacherTop;
    put(exponential(s) * up - exponential(t) * down, student, i, n);
  }
  return std::log(total) - products / teacherTotal;
}

// −log softmax(row)[target]; the row becomes factor · (softmax(row) − one at the target).
template <typename L, typename T>
double predictRow(const VocabularyRow &row) {
  using Value = typename L::Value;
  T *const logits = static_cast<T *>(row.student);
  const Value *const bias = static_cast<const Value *>(row.bias);
  const L scale = L::of(row.scale);
  const int64_t n = row.count, target = row.target;
  const Value largest = largestLogit<L>(logits, bias, scale, n);
  const L top = L::of(largest);
  const Value aim = (static_cast<Value>(logits[target]) + (bias != nullptr ? bias[target] : 0)) *
                        static_cast<Value>(row.scale) - largest;
  double total = 0;
  for (int64_t from = 0; from < n; from += stretch) {
    L sum = L::of(0);
    for (int64_t i = from; i < (n < from + stretch ? n : from + stretch); i += L::count) {
      sum = sum + exponential(within(logitsAt<L>(logits, bias, scale, i, n) - top, i, n, nowhere));
    }
    total += sum.sum();
  }
  const L up = L::of(row.factor / total);
  for (int64_t i = 0; i < n; i += L::count) {
    put(exponential(logitsAt<L>(logits, bias, scale, i, n) - top) * up, logits, i, n);
  }
  logits[target] = static_cast<T>(row.factor * (std::exp(static_cast<double>(aim)) / total - 1));
  return std::log(total) - static_cast<double>(aim);
}

// Adds the columns [from, to) of a matrix to `sums`, row by row.
template <typename L, typename T>
void addColumns(const void *matrix, int64_t rows, int64_t width, int64_t from, int64_t to, void *sums) {
  using Value = typename L::Value;
  const T *const numbers = static_cast<const T *>(matrix);
  Value *const out = static_cast<Value *>(sums);
  for (int64_t r = 0; r < rows; r++) {
    const T *const row = numbers + r * width;
    for (int64_t i = from; i < to; i += L::count) {
      const int64_t left = to - i;
      const bool full = left >= L::count;
      const L sum = full ? L::load(out + i) + L::load(row + i) : L::load(out + i, left, 0) + L::load(row + i, left, 0);
      put(sum, out, i, to);
    }
  }
}
