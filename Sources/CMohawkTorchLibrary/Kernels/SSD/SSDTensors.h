// Tensors as the rows that the SSD kernels read and write.
#pragma once
#include <ATen/ATen.h>

#include "SSDHead.h"

namespace mohawk {

template <typename T>
T *numbers(const at::Tensor &tensor) {
  return static_cast<T *>(tensor.data_ptr());
}

/// Of [batch, length, heads, n].
template <typename E>
Rows<E> rows(const at::Tensor &tensor, int64_t batch, int64_t head) {
  return {
      numbers<std::remove_const_t<E>>(tensor) + batch * tensor.stride(0) + head * tensor.stride(2), tensor.stride(1)};
}

/// Of [batch, heads, headDim, stateDim] without gaps; null for none.
template <typename T>
T *state_of(const at::Tensor &states, int64_t batch, int64_t head) {
  if (!states.defined()) return nullptr;
  return numbers<T>(states) + (batch * states.size(1) + head) * states.size(2) * states.size(3);
}

/// Of [batch, rows, channels], from a channel on.
template <typename E>
Rows<E> channels_of(const at::Tensor &tensor, int64_t batch, int64_t channel) {
  return {numbers<std::remove_const_t<E>>(tensor) + batch * tensor.stride(0) + channel, tensor.stride(1)};
}

/// The causal depth-wise convolution that x, or b and c one behind the other, pass before.
struct SSDFilterTensors {
  at::Tensor taps;        // [width, channels], undefined for none
  at::Tensor bias, past;  // [channels] and [batch, width - 1, channels], undefined for none
};

struct SSDOperands {
  at::Tensor x, b, c, logDecay;
  at::Tensor skip, state, entering;  // undefined for none
  int64_t chunk;
  SSDFilterTensors xFilter, bcFilter;  // both or none

  bool filtered() const { return xFilter.taps.defined(); }

  int64_t batch() const { return x.size(0); }
  int64_t length() const { return x.size(1); }
  int64_t heads() const { return x.size(2); }
  int64_t repeats() const { return x.size(2) / b.size(2); }
  int64_t chunks() const { return (length() + chunk - 1) / chunk; }

  /// Makes room for the states before all chunks.
  void keep_states(int64_t bytes) {
    auto padded = [](int64_t n) { return (n + rowPadding - 1) / rowPadding * rowPadding; };
    const int64_t all = chunks() * padded(x.size(3)) * padded(b.size(3)) * bytes;
    entering = at::empty({batch(), heads(), all}, x.options().dtype(at::kChar));
  }

  template <typename Head, typename E, typename T>
  Head head(int64_t batch, int64_t head) const {
    Head one;
    one.length = length();
    one.headDim = x.size(3);
    one.stateDim = b.size(3);
    one.chunk = chunk;
    one.x = rows<const E>(x, batch, head);
    one.b = rows<const E>(b, batch, head / repeats());
    one.c = rows<const E>(c, batch, head / repeats());
    one.logDecay = rows<const T>(logDecay, batch, head);
    if (skip.defined()) one.skip = numbers<T>(skip) + head;
    one.initial = state_of<T>(state, batch, head);
    if (entering.defined())
      one.entering = numbers<char>(entering) + (batch * heads() + head) * entering.stride(1);
    return one;
  }
};

}  // namespace mohawk
