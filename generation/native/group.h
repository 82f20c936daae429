// The numbers that share a scale when they are kept as bytes.
#pragma once

#include <utility>

#include "simd.h"

namespace inkling {

constexpr int GROUP = 64;  // inputs that share a scale, in weights and in activations
constexpr int GROUP_VECTORS = GROUP / LANES;
constexpr float SMALLEST = 1e-30f;  // a largest number below has no share in any sum, and its inverse would be infinite
constexpr float MOST_BYTE = 127.0f;
constexpr float LEAST_BYTE = -128.0f;  // the largest number becomes this, whatever its sign: there is no 128

struct Group {
  Floats parts[GROUP_VECTORS];

  static Group load_from(const float* from) {
    Group group;
    for (int part = 0; part < GROUP_VECTORS; ++part) group.parts[part] = load(from + part * LANES);
    return group;
  }
  void store_to(float* to) const {
    for (int part = 0; part < GROUP_VECTORS; ++part) store(to + part * LANES, parts[part]);
  }
};

// Each lane and the one that differs in the given bit of its number change places.
template <int BIT, int... LANE>
Floats swapped(Floats values, std::integer_sequence<int, LANE...>) {
#if defined(__clang__)
  return __builtin_shufflevector(values, values, (LANE ^ BIT)...);
#else
  return __builtin_shuffle(values, Ints{(LANE ^ BIT)...});
#endif
}

template <int BIT, int... LANE>
Floats butterfly(Floats values, std::integer_sequence<int, LANE...> lanes) {
  return swapped<BIT>(values, lanes) + values * Floats{(LANE & BIT ? -1.0f : 1.0f)...};
}

// Sums and differences of all (the Walsh-Hadamard transform), times a factor. A product of two mixed groups is the product of
// the groups, times GROUP and both factors; and one large number is spread over all, so that the scale fits the others too
// (QuaRot, https://arxiv.org/abs/2404.00456, within each group).
inline void mix(Group& group, float factor) {
  constexpr auto lanes = std::make_integer_sequence<int, LANES>();
  for (int distance = GROUP_VECTORS / 2; distance > 0; distance /= 2)
    for (int part = 0; part < GROUP_VECTORS; ++part) {
      if (part & distance) continue;
      const Floats left = group.parts[part], right = group.parts[part + distance];
      group.parts[part] = left + right;
      group.parts[part + distance] = left - right;
    }
  for (Floats& part : group.parts) {
    part = butterfly<1>(part, lanes);
    part = butterfly<2>(part, lanes);
    part = butterfly<4>(part, lanes);
    if constexpr (LANES == 16) part = butterfly<8>(part, lanes);
    part *= factor;
  }
}

// The number that is largest without its sign (to one unit in the last place), with it; none, if one is none.
inline float extreme(const Group& group) {
  Ints most = {};
  for (const Floats& part : group.parts) {
    const Ints bits = (Ints)part;
    most = maximum(most, (bits & 0x7ffffffe) | ((bits >> 31) & 1));
  }
  const int32_t bits = maximum(most);
  const float size = from_magnitude(bits & 0x7ffffffe);
  return bits & 1 ? -size : size;
}

// Rounds to whole numbers that a byte can hold; exact for those that fit into 22 bits.
inline Floats nearest_byte(Floats values) {
  const Floats whole = values + 12582912.0f - 12582912.0f, most = splat(MOST_BYTE);
  return whole < most ? whole : most;
}

// The whole numbers that stand for it with that scale.
inline Group rounded(const Group& group, float scale) {
  const float inverse = scale == 0.0f ? 0.0f : 1.0f / scale;
  Group whole;
  for (int part = 0; part < GROUP_VECTORS; ++part)
    whole.parts[part] = maximum(nearest_byte(group.parts[part] * inverse), splat(LEAST_BYTE));
  return whole;
}

inline float rounding_error(const Group& group, float scale) {
  const Group whole = rounded(group, scale);
  Floats total = {};
  for (int part = 0; part < GROUP_VECTORS; ++part) {
    const Floats rest = whole.parts[part] * scale - group.parts[part];
    total += rest * rest;
  }
  return sum(total);
}

}  // namespace inkling
