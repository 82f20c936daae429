// Aligned memory that frees itself: of one size, or growing.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace inkling {

inline int64_t round_up(int64_t number, int64_t step) { return (number + step - 1) / step * step; }

// What is read front to back is in large pages where there are such.
class Memory {
 public:
  Memory() = default;
  enum Filling { ZEROS, UNTOUCHED };

  // UNTOUCHED memory is given by the machine page by page, when it is written to; more may be asked for than there is.
  explicit Memory(size_t bytes, Filling filling = ZEROS) : bytes_(round_up(bytes, 64)) {
    if (filling == UNTOUCHED) reserve();
    else allocate();
  }
  template <class T>
  T* as() const { return static_cast<T*>(data_.get()); }
  size_t bytes() const { return bytes_; }

 private:
  struct Free {
    size_t mapped = 0;  // bytes, when it was not allocated
    void operator()(void* pointer) const {
      if (mapped) munmap(pointer, mapped);
      else std::free(pointer);
    }
  };

  void allocate() {
    const size_t alignment = bytes_ >= (2u << 20) ? (2u << 20) : 64;
    data_ = {std::aligned_alloc(alignment, round_up(bytes_, alignment)), Free{0}};
    if (!data_) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
    if (alignment > 64) madvise(data_.get(), bytes_ / alignment * alignment, MADV_HUGEPAGE);
#endif
    std::memset(data_.get(), 0, bytes_);
  }

  void reserve() {
    void* mapped = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    data_ = {mapped, Free{bytes_}};
#if defined(MADV_HUGEPAGE)
    madvise(mapped, bytes_, MADV_HUGEPAGE);
#endif
  }

  std::unique_ptr<void, Free> data_{nullptr, Free{}};
  size_t bytes_ = 0;
};

// Memory that is kept between calls: grows when it must, and its content is whatever was written last.
template <class T>
class Buffer {
 public:
  // Room for `count` values at a fixed alignment, so that a loop takes the same path in every thread.
  T* reserve(int64_t count) {
    const size_t bytes = count * sizeof(T);
    if (bytes > memory_.bytes()) memory_ = Memory(bytes);
    return memory_.as<T>();
  }

 private:
  Memory memory_;
};

}  // namespace inkling
