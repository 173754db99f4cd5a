// A row of logits against a sparse target. Compiled per target, after VocabularyRow.h.

// −Σ p · log q over the ids that are named − r · log(1 − Σ q), with p and r scaled to add up to 1 and q = softmax(row);
// the row becomes factor · its gradient. The ids that are not named are summed on their own, relative to the largest of
// them, so that nothing is lost however small their share is.
template <typename L, typename T>
double sparseRow(const VocabularyRow &row) {
  using Value = typename L::Value;
  T *const logits = static_cast<T *>(row.student);
  const Value *const bias = static_cast<const Value *>(row.bias);
  const Value *const wanted = static_cast<const Value *>(row.probabilities);
  const L scale = L::of(row.scale);
  const int64_t n = row.count, named = row.named;
  const bool hasOthers = named < n;
  double top = -std::numeric_limits<double>::infinity(), mass = hasOthers ? row.rest : 0;
  for (int64_t j = 0; j < named; j++) {
    const int32_t id = row.ids[j];
    const double logit = (static_cast<Value>(logits[id]) + (bias != nullptr ? bias[id] : 0)) * static_cast<Value>(row.scale);
    row.room[j] = logit;
    top = logit > top ? logit : top;
    mass += static_cast<double>(wanted[j]);
    logits[id] = static_cast<T>(-std::numeric_limits<float>::infinity());  // no longer one of the others
  }
  const double otherTop = hasOthers ? static_cast<double>(largestLogit<L>(logits, bias, scale, n)) : top;
  top = otherTop > top ? otherTop : top;
  const L reference = L::of(otherTop);
  double others = 0;
  for (int64_t from = 0; hasOthers && from < n; from += stretch) {
    L sum = L::of(0);
    for (int64_t i = from; i < (n < from + stretch ? n : from + stretch); i += L::count) {
      sum = sum + exponential(within(logitsAt<L>(logits, bias, scale, i, n) - reference, i, n, nowhere));
    }
    others += sum.sum();
  }
  double total = hasOthers ? others * std::exp(otherTop - top) : 0;
  for (int64_t j = 0; j < named; j++) total += std::exp(row.room[j] - top);
  const double log = std::log(total), rest = hasOthers ? row.rest / mass : 0;
  double loss = rest > 0 ? rest * (log - (otherTop - top) - std::log(others)) : 0;
  const L up = L::of(hasOthers ? row.factor * (std::exp(otherTop - top) / total - rest / others) : 0);
  for (int64_t i = 0; hasOthers && i < n; i += L::count) {
    put(exponential(logitsAt<L>(logits, bias, scale, i, n) - reference) * up, logits, i, n);
  }
  for (int64_t j = 0; j < named; j++) {
    const double share = static_cast<double>(wanted[j]) / mass, distance = row.room[j] - top;
    if (share > 0 || distance != distance) loss += share * (log - distance);
    logits[row.ids[j]] = static_cast<T>(row.factor * (std::exp(distance) / total - share));
  }
  return loss;
}
