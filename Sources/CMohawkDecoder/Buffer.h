// Memory that grows when more is needed and is kept otherwise.
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace mohawk {

/// Numbers at an address that vectors like. Growing forgets them.
template <typename T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer &&other) noexcept
      : numbers_(std::exchange(other.numbers_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  ~Buffer() { release(); }

  void reserve(int64_t count) {
    if (count <= count_) return;
    release();
    numbers_ = static_cast<T *>(::operator new(static_cast<size_t>(count) * sizeof(T), alignment));
    count_ = count;
  }
  T *data() const { return numbers_; }

 private:
  static constexpr std::align_val_t alignment{64};
  T *numbers_ = nullptr;
  int64_t count_ = 0;

  void release() {
    if (numbers_ != nullptr) ::operator delete(numbers_, alignment);
    numbers_ = nullptr;
    count_ = 0;
  }
};

}  // namespace mohawk
