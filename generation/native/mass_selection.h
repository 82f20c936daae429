// Where a running sum over tokens in some order reaches a target, without sorting the tokens.

#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "memory.h"

namespace inkling {

// The order is by distance, and of equal distances the later token first.
struct Massive {
    uint64_t key;
    double mass;
    int64_t index;

    // `distance` is not negative: then its bits have the order of its values.
    static uint64_t key_of(double distance) { return std::bit_cast<uint64_t>(distance + 0.0); }
    // Without branches, which would be guessed wrong half the time.
    bool operator<(const Massive& other) const {
        return (key < other.key) | ((key == other.key) & (index > other.index));
    }
};

// The first in the order with which the sum, beginning at `before`, reaches `target`; the last if none does.
// Changes the order of `first`. Halves what is left until one is, which takes a time proportional to `count`.
inline Massive select_among(Massive* first, int64_t count, double before, double target) {
    while (count > 1) {
        const int64_t half = count / 2;
        std::nth_element(first, first + half, first + count);
        double reached = before;
        for (int64_t i = 0; i < half; ++i) reached += first[i].mass;
        if (reached >= target) {
            count = half;
        } else {
            before = reached;
            first += half;
            count -= half;
        }
    }
    return *first;
}

class MassSelection {
public:
    // As select_among, over keys and masses by index; tokens without mass are never the one, unless all are.
    Massive select(const uint64_t* keys, const double* masses, int64_t count, double target) {
        Massive* among = among_.reserve(count);
        if (count <= few) {
            for (int64_t i = 0; i < count; ++i) among[i] = {keys[i], masses[i], i};
            return select_among(among, count, 0, target);
        }
        int32_t* places = places_.reserve(count);
        for (int64_t i = 0; i < count; ++i) places[i] = bucket_of(keys[i]);
        double before = 0;
        const int32_t bucket = find_bucket(places, masses, count, target, before);
        int64_t size = 0;
        for (int64_t i = 0; i < count; ++i) {
            if (places[i] == bucket) among[size++] = {keys[i], masses[i], i};
        }
        return select_among(among, size, before, target);
    }

private:
    static constexpr int64_t few = 2048;
    static constexpr int32_t buckets = 2048;

    // 64 for every doubling of the distance, from 2^-20 to 2^12; the outermost take what is beyond.
    static int32_t bucket_of(uint64_t key) {
        constexpr int32_t lowest = (1023 - 20) << 6;
        return std::clamp(static_cast<int32_t>(key >> 46) - lowest, int32_t{0}, buckets - 1);
    }

    // The bucket in which the sum reaches the target; `before` becomes what lies below it.
    int32_t find_bucket(const int32_t* places, const double* masses, int64_t count, double target, double& before) {
        std::fill_n(sums_, buckets, 0.0);
        for (int64_t i = 0; i < count; ++i) sums_[places[i]] += masses[i];
        int32_t last = places[0];
        double reached = 0;
        for (int32_t bucket = 0; bucket < buckets && (reached == 0 || reached < target); ++bucket) {
            if (sums_[bucket] == 0) continue;
            last = bucket;
            before = reached;
            reached += sums_[bucket];
        }
        return last;
    }

    double sums_[buckets];
    Buffer<int32_t> places_;
    Buffer<Massive> among_;
};

}  // namespace inkling
