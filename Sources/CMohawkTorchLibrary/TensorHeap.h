// Where tensors of one kind have their numbers.
#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace mohawk {

/// A heap for blocks of one kind only, so that none that lives long stands in the middle of what a short-lived one has
/// freed. Freed neighbours become one block, and a request takes the smallest block in which it fits. Everything lies in
/// one range of addresses as long as it suffices, because what is left over at the ends of many ranges serves nobody.
/// Memory comes in huge pages where the system has such, and is kept: its pages are faulted in once.
class TensorHeap {
 public:
  static constexpr size_t alignment = 64;

  /// At least `bytes` at a multiple of `alignment`; null when the system has no more.
  void *take(size_t bytes);
  /// - Parameter block: from `take`.
  void give(void *block);
  /// Lets the system have the pages of what is free; they are faulted in anew when they are needed.
  void release();

 private:
  std::mutex lock_;
  std::map<char *, size_t> free_;               // by address
  std::set<std::pair<size_t, char *>> bySize_;  // the same
  std::map<char *, size_t> taken_;

  bool grow(size_t bytes);
  void addFree(char *start, size_t bytes);
};

}  // namespace mohawk
