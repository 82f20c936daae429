// exp in double precision for numbers up to 0, written so that compilers turn loops over it into vector code.

#pragma once

#include <bit>
#include <cstdint>

namespace inkling {

// Within about 1 ulp; 0 below -708, where the true value (under 1e-307) could change no sum of ours.
// x = n ln 2 + r with |r| <= ln(2)/2, and Taylor's series to r^13, whose next term is below 1e-17.
inline double exp_nonpositive(double x) {
    constexpr double log2e = 0x1.71547652b82fep+0;
    constexpr double ln2_high = 0x1.62e42feep-1;  // ends in zeros, so that n * ln2_high is exact
    constexpr double ln2_low = 0x1.a39ef35793c76p-33;
    constexpr double shift = 0x1.8p52;  // adding it rounds to an integer, left in the lowest bits
    const double bounded = x < -708.0 ? -708.0 : x;
    const double shifted = bounded * log2e + shift;
    const double n = shifted - shift;
    const double r = (bounded - n * ln2_high) - n * ln2_low;
    double series = 1.0 / 6227020800.0;
    series = series * r + 1.0 / 479001600.0;
    series = series * r + 1.0 / 39916800.0;
    series = series * r + 1.0 / 3628800.0;
    series = series * r + 1.0 / 362880.0;
    series = series * r + 1.0 / 40320.0;
    series = series * r + 1.0 / 5040.0;
    series = series * r + 1.0 / 720.0;
    series = series * r + 1.0 / 120.0;
    series = series * r + 1.0 / 24.0;
    series = series * r + 1.0 / 6.0;
    series = series * r + 0.5;
    series = series * r + 1.0;
    series = series * r + 1.0;
    const uint64_t power = (std::bit_cast<uint64_t>(shifted) << 52) + 0x3ff0000000000000u;
    const double value = series * std::bit_cast<double>(power);
    return x < -708.0 ? 0.0 : value;
}

inline double join(const double (&lanes)[8]) {
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

// In eight partial sums: their order is written here and not left to the compiler.
inline double sum(const double* values, int64_t count) {
    double lanes[8] = {};
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (int lane = 0; lane < 8; ++lane) lanes[lane] += values[i + lane];
    }
    for (int lane = 0; i < count; ++i, ++lane) lanes[lane] += values[i];
    return join(lanes);
}

// Of exp(value - maximum), where no value is above it.
inline double sum_of_exp(const float* values, int64_t count, double maximum) {
    double lanes[8] = {};
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (int lane = 0; lane < 8; ++lane) lanes[lane] += exp_nonpositive(values[i + lane] - maximum);
    }
    for (int lane = 0; i < count; ++i, ++lane) lanes[lane] += exp_nonpositive(values[i] - maximum);
    return join(lanes);
}

}  // namespace inkling
