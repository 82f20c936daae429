// Aligned memory that frees itself.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace inkling {

inline int64_t round_up(int64_t number, int64_t step) { return (number + step - 1) / step * step; }

// In large pages where there are such, as it is read front to back.
class Memory {
 public:
  Memory() = default;
  enum Filling { ZEROS, UNTOUCHED };

  // UNTOUCHED memory is given by the machine page by page, when it is written to.
  explicit Memory(size_t bytes, Filling filling = ZEROS) : bytes_(round_up(bytes, 64)) {
    const size_t alignment = bytes_ >= (2u << 20) ? (2u << 20) : 64;
    data_.reset(std::aligned_alloc(alignment, round_up(bytes_, alignment)));
    if (!data_) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
    if (alignment > 64 && filling == ZEROS) madvise(data_.get(), bytes_ / alignment * alignment, MADV_HUGEPAGE);
#endif
    if (filling == ZEROS) std::memset(data_.get(), 0, bytes_);
  }
  template <class T>
  T* as() const { return static_cast<T*>(data_.get()); }
  size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(void* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<void, Free> data_;
  size_t bytes_ = 0;
};

}  // namespace inkling
