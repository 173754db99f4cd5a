// Memory of one piece of work. Compiled per target.

/// Numbers, aligned, freed with this.
template <typename T>
struct Memory {
  T *const first;
  explicit Memory(int64_t count)
      : first(static_cast<T *>(take_working_memory(static_cast<size_t>(count) * sizeof(T)))) {}
  ~Memory() { give_working_memory(first); }
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;
  INLINE operator T *() const { return first; }
};

/// Arrays that are needed together, from one piece of memory: `list(take)` calls `take(pointer, count)` for each.
struct Arena {
  char *first = nullptr;
  template <typename List>
  explicit Arena(List list) {
    size_t bytes = 0;
    list([&](auto *&pointer, int64_t count) { bytes += room<decltype(*pointer)>(count); });
    first = static_cast<char *>(take_working_memory(bytes));
    char *next = first;
    list([&](auto *&pointer, int64_t count) {
      pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(next);
      next += room<decltype(*pointer)>(count);
    });
  }
  ~Arena() { give_working_memory(first); }
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

 private:
  template <typename T>
  static size_t room(int64_t count) {
    return (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
  }
};

/// Fills the arrays of a list with zeros.
template <typename List>
INLINE void clear(List list) {
  list([](auto *array, int64_t count) {
    __builtin_memset(array, 0, static_cast<size_t>(count) * sizeof *array);
  });
}
