// Vectors of floats, as wide as the CPU's registers: the rest of the code knows only LANES and these names.
// GCC's vector extension turns arithmetic on them into the CPU's instructions, on any CPU.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace inkling {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#else
constexpr int LANES = 8;
#endif

typedef float Floats __attribute__((vector_size(LANES * 4)));
typedef int32_t Ints __attribute__((vector_size(LANES * 4)));
typedef float LooseFloats __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t LooseInts __attribute__((vector_size(LANES * 4), aligned(1), may_alias));
typedef uint16_t Shorts __attribute__((vector_size(LANES * 2), aligned(2), may_alias));

inline Floats load(const float* from) { return *reinterpret_cast<const LooseFloats*>(from); }
inline void store(float* to, Floats values) { *reinterpret_cast<LooseFloats*>(to) = values; }
inline Ints load_ints(const uint8_t* from) { return *reinterpret_cast<const LooseInts*>(from); }
inline Floats splat(float value) { return Floats{} + value; }
inline Ints splat(int32_t value) { return Ints{} + value; }
inline Floats to_floats(Ints values) { return __builtin_convertvector(values, Floats); }

// All lanes joined in a fixed order, so that a result never depends on where its row stands.
template <class Number, class Vector, class Join>
inline Number fold(Vector values, Join join) {
  Number lanes[LANES];
  std::memcpy(lanes, &values, sizeof values);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int lane = 0; lane < width; ++lane) lanes[lane] = join(lanes[lane], lanes[lane + width]);
  return lanes[0];
}

inline float sum(Floats values) {
  return fold<float>(values, [](float left, float right) { return left + right; });
}
inline int32_t sum(Ints values) {
  return fold<int32_t>(values, [](int32_t left, int32_t right) { return left + right; });
}

template <class Vector>
inline Vector maximum(Vector left, Vector right) { return left > right ? left : right; }
inline float maximum(Floats values) {
  return fold<float>(values, [](float left, float right) { return left > right ? left : right; });
}
inline int32_t maximum(Ints values) {
  return fold<int32_t>(values, [](int32_t left, int32_t right) { return left > right ? left : right; });
}

// A number's bits without its sign. As whole numbers they are in the order of the numbers' sizes, those that are no
// number last, so that the largest shows whether there is one.
inline Ints magnitudes(Floats values) { return (Ints)values & 0x7fffffff; }
inline float from_magnitude(int32_t bits) {
  float number;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}

// e^x to about one unit in the last place, by Cephes' polynomial; 0 and infinity beyond float's range.
inline Floats exponential(Floats x) {
  const Floats low = splat(-87.33654f), high = splat(88.37626f);
  x = x < low ? low : x;
  x = x > high ? high : x;
  const Floats shifted = x * 1.44269504088896341f + 12582912.0f;  // rounds to whole numbers in the last bits
  const Floats whole = shifted - 12582912.0f;
  Floats rest = x - whole * 0.693359375f;
  rest = rest - whole * -2.12194440e-4f;
  Floats power = splat(1.9875691500e-4f);
  power = power * rest + 1.3981999507e-3f;
  power = power * rest + 8.3334519073e-3f;
  power = power * rest + 4.1665795894e-2f;
  power = power * rest + 1.6666665459e-1f;
  power = power * rest + 5.0000001201e-1f;
  power = power * rest * rest + rest + 1.0f;
  const Ints exponent = (__builtin_convertvector(whole, Ints) + 127) << 23;
  Floats scale;
  std::memcpy(&scale, &exponent, sizeof scale);
  return power * scale;
}

inline Floats silu(Floats x) { return x / (1.0f + exponential(-x)); }

// GPT-2's: 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), and ½(1 + tanh y) is 1 / (1 + e^-2y).
inline Floats gelu(Floats x) {
  const Floats inner = 1.5957691216057308f * (x + 0.044715f * x * x * x);
  return x / (1.0f + exponential(-inner));
}

// Half floats, as scales are kept, and keys and values beside brain floats.
typedef uint16_t Half;
#if defined(__aarch64__)
typedef __fp16 Computed;  // which compilers know there before they know _Float16
#elif !defined(__F16C__)
typedef _Float16 Computed;
#endif

#if defined(__F16C__) && defined(__AVX512F__)
inline Floats load(const Half* from) {
  return (Floats)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
#elif defined(__F16C__)
inline Floats load(const Half* from) {
  return (Floats)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
#else
inline Floats load(const Half* from) {
  Floats values;
  for (int lane = 0; lane < LANES; ++lane) {
    Computed half;
    std::memcpy(&half, from + lane, sizeof half);
    values[lane] = static_cast<float>(half);
  }
  return values;
}
#endif

inline int32_t magnitude(float number) {
  int32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits & 0x7fffffff;
}

// Bytes as keys and values are kept.
struct Byte {
  int8_t bits;
};

// The nearest whole number, of those that a byte can hold.
inline int8_t to_byte(float number) {
  const float shifted = number + 12582912.0f;  // the last bits are the whole number's
  int32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  return static_cast<int8_t>(bits);
}

typedef int8_t LooseBytes __attribute__((vector_size(LANES), aligned(1), may_alias));

inline Floats load(const Byte* from) {
#if defined(__AVX512F__)
  return (Floats)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#elif defined(__AVX2__)
  return (Floats)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
#else
  return to_floats(__builtin_convertvector(*reinterpret_cast<const LooseBytes*>(from), Ints));
#endif
}

inline void put(float* to, float value) { *to = value; }
inline void put(Half* to, float value) {
#if defined(__F16C__)
  *to = _cvtss_sh(value, 0);
#else
  const Computed half = static_cast<Computed>(value);
  std::memcpy(to, &half, sizeof half);
#endif
}

// Brain floats as weights are kept: the upper half of a float.
struct Brain {
  uint16_t bits;
};

inline Floats load(const Brain* from) {
  const Ints wide = __builtin_convertvector(*reinterpret_cast<const Shorts*>(from), Ints) << 16;
  Floats values;
  std::memcpy(&values, &wide, sizeof values);
  return values;
}

inline Brain to_brain(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (value != value) return Brain{0x7fc0};
  return Brain{static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

inline float to_float(Half value) {
#if defined(__F16C__)
  return _cvtsh_ss(value);
#else
  Computed half;
  std::memcpy(&half, &value, sizeof half);
  return static_cast<float>(half);
#endif
}

inline Half to_half(float value) {
  Half half;
  put(&half, value);
  return half;
}

// Four products a lane: unsigned bytes of `weights` times the signed bytes of `inputs`, added to `sums`, exactly.
#if defined(__AVX512VNNI__) && defined(__AVX512F__)
inline Ints dot4(Ints sums, Ints weights, int32_t inputs) {
  return (Ints)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)weights, _mm512_set1_epi32(inputs));
}
#elif defined(__AVXVNNI__) && defined(__AVX2__)
inline Ints dot4(Ints sums, Ints weights, int32_t inputs) {
  return (Ints)_mm256_dpbusd_avx_epi32((__m256i)sums, (__m256i)weights, _mm256_set1_epi32(inputs));
}
#elif defined(__AVX512BW__)
inline Ints dot4(Ints sums, Ints weights, int32_t inputs) {
  const __m512i all = _mm512_set1_epi32(inputs), bytes = (__m512i)weights;
  const __m512i even = _mm512_madd_epi16(_mm512_and_si512(bytes, _mm512_set1_epi16(255)),
                                         _mm512_srai_epi16(_mm512_slli_epi16(all, 8), 8));
  const __m512i odd = _mm512_madd_epi16(_mm512_srli_epi16(bytes, 8), _mm512_srai_epi16(all, 8));
  return sums + (Ints)even + (Ints)odd;
}
#elif defined(__AVX2__)
inline Ints dot4(Ints sums, Ints weights, int32_t inputs) {
  const __m256i all = _mm256_set1_epi32(inputs), bytes = (__m256i)weights;
  const __m256i even = _mm256_madd_epi16(_mm256_and_si256(bytes, _mm256_set1_epi16(255)),
                                         _mm256_srai_epi16(_mm256_slli_epi16(all, 8), 8));
  const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(bytes, 8), _mm256_srai_epi16(all, 8));
  return sums + (Ints)even + (Ints)odd;
}
#else
inline Ints dot4(Ints sums, Ints weights, int32_t inputs) {
  for (int shift = 0; shift < 32; shift += 8) sums += ((weights >> shift) & 255) * static_cast<int8_t>(inputs >> shift);
  return sums;
}
#endif

inline void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace inkling
