#include "TensorHeap.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace mohawk {
namespace {

constexpr size_t huge_page = size_t{2} << 20, page = size_t{16} << 10;  // no system has larger small ones
/// Addresses are free; where a process may not have as many, the heap grows by little at a time.
constexpr size_t all_addresses = size_t{1} << 38, some_addresses = size_t{1} << 28;

size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

void *TensorHeap::take(size_t bytes) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  bytes = rounded(std::max(bytes, size_t{1}), alignment);
  const std::lock_guard guard(lock_);
  auto best = bySize_.lower_bound({bytes, nullptr});
  if (best == bySize_.end()) {
    if (!grow(bytes)) return nullptr;
    best = bySize_.lower_bound({bytes, nullptr});
  }
  const auto [size, start] = *best;
  bySize_.erase(best);
  free_.erase(start);
  taken_.emplace(start, bytes);
  if (size > bytes) {
    free_.emplace(start + bytes, size - bytes);
    bySize_.emplace(size - bytes, start + bytes);
  }
  return start;
}

void TensorHeap::give(void *block) {
  const std::lock_guard guard(lock_);
  const auto found = taken_.find(static_cast<char *>(block));
  const auto [start, bytes] = *found;
  taken_.erase(found);
  addFree(start, bytes);
}

void TensorHeap::release() {
  const std::lock_guard guard(lock_);
  for (const auto &[start, bytes] : free_) {
    const uintptr_t first = rounded(reinterpret_cast<uintptr_t>(start), page);
    const uintptr_t end = (reinterpret_cast<uintptr_t>(start) + bytes) / page * page;
    if (first < end) madvise(reinterpret_cast<void *>(first), end - first, MADV_DONTNEED);
  }
}

/// Joins a free block with its free neighbours.
void TensorHeap::addFree(char *start, size_t bytes) {
  auto next = free_.lower_bound(start);
  if (next != free_.end() && start + bytes == next->first) {
    bytes += next->second;
    bySize_.erase({next->second, next->first});
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == start) {
      start = before->first;
      bytes += before->second;
      bySize_.erase({before->second, before->first});
      free_.erase(before);
    }
  }
  free_.emplace(start, bytes);
  bySize_.emplace(bytes, start);
}

bool TensorHeap::grow(size_t bytes) {
  const size_t least = rounded(bytes, huge_page);
  for (const size_t wanted : {all_addresses, some_addresses, least}) {
    const size_t size = std::max(wanted, least);
    // One huge page more, so that the range can begin at one's border.
    void *const range = mmap(
        nullptr, size + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) continue;
    char *const start = reinterpret_cast<char *>(rounded(reinterpret_cast<uintptr_t>(range), huge_page));
#if defined(MADV_HUGEPAGE)
    madvise(start, size, MADV_HUGEPAGE);  // where it is refused, small pages do
#endif
    addFree(start, size);
    return true;
  }
  return false;
}

}  // namespace mohawk
