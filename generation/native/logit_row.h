// One row of logits with the maximum of each block of it, by which the likeliest tokens are found without sorting.

#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "memory.h"

namespace inkling {

// An integer in the order of the numbers, the two zeros equal: compilers vectorise maxima of integers as they are.
inline int32_t order_key(float value) {
    const auto bits = std::bit_cast<int32_t>(value + 0.0f);
    return bits ^ ((bits >> 31) & 0x7fffffff);
}

inline float from_order_key(int32_t key) { return std::bit_cast<float>(key ^ ((key >> 31) & 0x7fffffff)); }

class LogitRow {
public:
    static constexpr int64_t block = 64;

    // Take the memory that rows of so many logits need, so that nothing else does.
    void reserve(int64_t size) {
        maxima_.reserve((size + block - 1) / block);
        keys_.reserve(size);
        bucket_sizes_.reserve(bucket_count);
    }

    // Look at every logit once. False when the maximum is no finite number; then nothing else may be asked.
    bool scan(const float* values, int64_t size) {
        values_ = values;
        size_ = size;
        blocks_ = (size + block - 1) / block;
        int32_t* maxima = maxima_.reserve(blocks_);
        int32_t magnitude = 0;
        for (int64_t i = 0; i < blocks_; ++i) {
            maxima[i] = scan_block(values + i * block, std::min(block, size - i * block), magnitude);
        }
        maximum_ = from_order_key(*std::max_element(maxima, maxima + blocks_));
        return magnitude <= infinity_bits && std::isfinite(maximum_);
    }

    float operator[](int64_t id) const { return values_[id]; }
    const float* values() const { return values_; }
    int64_t size() const { return size_; }
    int64_t blocks() const { return blocks_; }
    float maximum() const { return maximum_; }

    // The first of the likeliest.
    int32_t first_likeliest() {
        const int32_t* maxima = maxima_.reserve(blocks_);
        const int64_t start = (std::find(maxima, maxima + blocks_, order_key(maximum_)) - maxima) * block;
        return static_cast<int32_t>(std::find(values_ + start, values_ + size_, maximum_) - values_);
    }

    // A value which at least `count` logits reach: the count-th largest maximum of a block. 1 <= count <= blocks().
    float reached_by(int64_t count) {
        int32_t* keys = keys_.reserve(blocks_);
        std::copy_n(maxima_.reserve(blocks_), blocks_, keys);
        return largest(keys, blocks_, count);
    }

    // The count-th largest logit, and not a bound.
    float exactly_reached_by(int64_t count) {
        int32_t* keys = keys_.reserve(size_);
        for (int64_t i = 0; i < size_; ++i) keys[i] = order_key(values_[i]);
        const int32_t bucket = find_bucket(keys, count);
        int64_t among = 0;
        for (int64_t i = 0; i < size_; ++i) {
            if (bucket_of(keys[i]) == bucket) keys[among++] = keys[i];
        }
        return largest(keys, among, count);
    }

    // The ids of all logits from `bound` up, ascending; returns how many. Room for size() of them is needed.
    int64_t collect(float bound, int32_t* ids) {
        const int32_t* maxima = maxima_.reserve(blocks_);
        const int32_t key = order_key(bound);
        int64_t count = 0;
        for (int64_t i = 0; i < blocks_; ++i) {
            if (maxima[i] < key) continue;
            const int64_t end = std::min((i + 1) * block, size_);
            for (int64_t id = i * block; id < end; ++id) {
                ids[count] = static_cast<int32_t>(id);
                count += values_[id] >= bound;
            }
        }
        return count;
    }

    // Among some logits, the count-th largest.
    float largest_of(const int32_t* ids, int64_t size, int64_t count) {
        int32_t* keys = keys_.reserve(size);
        for (int64_t i = 0; i < size; ++i) keys[i] = order_key(values_[ids[i]]);
        return largest(keys, size, count);
    }

private:
    static constexpr int32_t bucket_count = 1 << 14;
    static constexpr int32_t infinity_bits = 0x7f800000;  // not a number: anything above

    static int32_t scan_block(const float* values, int64_t size, int32_t& magnitude) {
        int32_t maximum = std::numeric_limits<int32_t>::min();
        int32_t largest = magnitude;
        for (int64_t i = 0; i < size; ++i) {
            maximum = std::max(maximum, order_key(values[i]));
            largest = std::max(largest, std::bit_cast<int32_t>(values[i]) & 0x7fffffff);
        }
        magnitude = largest;
        return maximum;
    }

    static int32_t bucket_of(int32_t key) { return (key >> 18) + bucket_count / 2; }

    // The bucket that holds the count-th largest; `count` becomes its number among those of the bucket.
    int32_t find_bucket(const int32_t* keys, int64_t& count) {
        int32_t* sizes = bucket_sizes_.reserve(bucket_count);
        std::fill_n(sizes, bucket_count, 0);
        for (int64_t i = 0; i < size_; ++i) ++sizes[bucket_of(keys[i])];
        int32_t bucket = bucket_count - 1;
        while (sizes[bucket] < count) count -= sizes[bucket--];
        return bucket;
    }

    static float largest(int32_t* keys, int64_t size, int64_t count) {
        std::nth_element(keys, keys + count - 1, keys + size, [](int32_t a, int32_t b) { return a > b; });
        return from_order_key(keys[count - 1]);
    }

    const float* values_ = nullptr;
    int64_t size_ = 0;
    int64_t blocks_ = 0;
    float maximum_ = 0;
    Buffer<int32_t> maxima_;
    Buffer<int32_t> keys_;
    Buffer<int32_t> bucket_sizes_;
};

}  // namespace inkling
