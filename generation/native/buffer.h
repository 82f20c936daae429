// Memory that is kept between calls: grows when it must, and its content is whatever was written last.

#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace inkling {

template <typename T>
class Buffer {
public:
    // Room for `count` values at a fixed alignment, so that a loop takes the same path in every thread.
    T* reserve(int64_t count) {
        if (count > capacity_) {
            memory_.reset(static_cast<T*>(::operator new[](count * sizeof(T), std::align_val_t(64))));
            capacity_ = count;
        }
        return memory_.get();
    }

private:
    struct Free {
        void operator()(T* memory) const { ::operator delete[](memory, std::align_val_t(64)); }
    };
    std::unique_ptr<T[], Free> memory_;
    int64_t capacity_ = 0;
};

}  // namespace inkling
