// exp in double precision for numbers up to 0, written so that compilers turn loops over it into vector code.

#pragma once

#include <bit>
#include <cstdint>

#include "simd.h"

namespace inkling {

typedef double Doubles __attribute__((vector_size(LANES * 4)));
typedef uint64_t Longs __attribute__((vector_size(LANES * 4)));
typedef float NarrowFloats __attribute__((vector_size(LANES * 2), aligned(4), may_alias));

// Of a double or of a vector of them, whose bits are `Bits`. Within about 1 ulp; 0 below -708, where the true value (under
// 1e-307) could change no sum of ours.
// x = n ln 2 + r with |r| <= ln(2)/2, and Taylor's series to r^13, whose next term is below 1e-17.
template <class Real, class Bits>
inline Real exp_nonpositive_of(Real x) {
    constexpr double log2e = 0x1.71547652b82fep+0;
    constexpr double ln2_high = 0x1.62e42feep-1;  // ends in zeros, so that n * ln2_high is exact
    constexpr double ln2_low = 0x1.a39ef35793c76p-33;
    constexpr double shift = 0x1.8p52;  // adding it rounds to an integer, left in the lowest bits
    const Real least = Real{} - 708.0;
    const Real bounded = x < least ? least : x;
    const Real shifted = bounded * log2e + shift;
    const Real n = shifted - shift;
    const Real r = (bounded - n * ln2_high) - n * ln2_low;
    Real series = Real{} + 1.0 / 6227020800.0;
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
    const Bits power = (std::bit_cast<Bits>(shifted) << 52) + 0x3ff0000000000000u;
    const Real value = series * std::bit_cast<Real>(power);
    return x < least ? Real{} : value;
}

inline double exp_nonpositive(double x) { return exp_nonpositive_of<double, uint64_t>(x); }
inline Doubles exp_nonpositive(Doubles x) { return exp_nonpositive_of<Doubles, Longs>(x); }

// In eight partial sums: their order is written here and not left to the compiler.
inline double sum(const double* values, int64_t count) {
    double lanes[8] = {};
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (int lane = 0; lane < 8; ++lane) lanes[lane] += values[i + lane];
    }
    for (int lane = 0; i < count; ++i, ++lane) lanes[lane] += values[i];
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

inline Doubles load_doubles(const float* from) {
    return __builtin_convertvector(*reinterpret_cast<const NarrowFloats*>(from), Doubles);
}

// Of exp(value - maximum), where no value is above it.
inline double sum_of_exp(const float* values, int64_t count, double maximum) {
    constexpr int64_t width = LANES / 2;
    Doubles sums[4] = {};
    int64_t i = 0;
    for (; i + 4 * width <= count; i += 4 * width) {
        for (int part = 0; part < 4; ++part) {
            sums[part] += exp_nonpositive(load_doubles(values + i + part * width) - maximum);
        }
    }
    const Doubles joined = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    double total = 0;
    for (int lane = 0; lane < width; ++lane) total += joined[lane];
    for (; i < count; ++i) total += exp_nonpositive(values[i] - maximum);
    return total;
}

}  // namespace inkling
