// Weight matrices as the kernels read them: panels of PANEL outputs, and in each panel input after input.
//
// Three precisions: floats, brain floats (the upper 16 bits), and bytes. Each GROUP of an output's bytes has a scale: a
// byte stands for (byte - ZERO) × scale, after the group was mixed. Being unsigned is what the CPU's byte products ask of one side.
#pragma once

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "group.h"
#include "memory.h"
#include "simd.h"
#include "threads.h"

namespace inkling {

constexpr int VECTORS = 2;
constexpr int PANEL = VECTORS * LANES;
constexpr int ZERO = 128;  // the byte that stands for 0
constexpr int PADDING = PANEL > GROUP ? PANEL : GROUP;  // a row of activations takes whole panels, and has whole groups

enum class Precision : int32_t { FLOAT = 0, BRAIN = 1, BYTE = 2 };

struct Matrix {
  int outputs = 0, inputs = 0;
  int padded_inputs = 0, panels = 0;
  Precision precision = Precision::FLOAT;
  Memory weights, scales, bias;

  int padded_outputs() const { return panels * PANEL; }

  template <class T>
  const T* panel(int index) const { return weights.as<T>() + static_cast<int64_t>(index) * padded_inputs * PANEL; }
};

// Which row of the given matrix, or -1, is output `place` of a panel. Gated layers put half a panel of gates beside the
// half panel of values they open, so that one piece of work has both.
inline int source_row(int panel, int place, int outputs, bool gated) {
  if (!gated) {
    const int row = panel * PANEL + place;
    return row < outputs ? row : -1;
  }
  const int half = PANEL / 2, pair = panel * half + place % half;
  if (pair >= outputs / 2) return -1;
  return place < half ? pair : outputs / 2 + pair;
}

// The scale, a little below what would keep the largest number as it is, that leaves the least error in all.
inline Half best_scale(const Group& numbers) {
  const float largest = extreme(numbers);
  Half best = 0;
  float least = 0;
  for (int step = 0; step < 5; ++step) {
    const Half scale = to_half(largest * (1.0f - 0.02f * step) / LEAST_BYTE);
    const float error = rounding_error(numbers, to_float(scale));
    if (step > 0 && error >= least) continue;
    best = scale;
    least = error;
  }
  return best;
}

inline void pack_bytes(Matrix& matrix, int panel, int place, const float* row) {
  const int64_t start = static_cast<int64_t>(panel) * matrix.padded_inputs * PANEL;
  uint8_t* target = matrix.weights.as<uint8_t>() + start;
  Half* scales = matrix.scales.as<Half>() + start / GROUP;
  for (int first = 0; first < matrix.inputs; first += GROUP) {
    float padded[GROUP] = {};
    std::memcpy(padded, row + first, std::min(GROUP, matrix.inputs - first) * sizeof(float));
    Group numbers = Group::load_from(padded);
    mix(numbers, 0.125f);
    const Half scale = scales[first / GROUP * PANEL + place] = best_scale(numbers);
    const Group whole = rounded(numbers, to_float(scale));
    std::memcpy(padded, whole.parts, sizeof padded);
    for (int input = 0; input < GROUP; ++input) {
      const int at = first + input;
      target[(at / 4 * PANEL + place) * 4 + at % 4] = static_cast<uint8_t>(ZERO + static_cast<int>(padded[input]));
    }
  }
}

template <class T>
void pack_numbers(Matrix& matrix, int panel, int place, const float* row) {
  T* target = matrix.weights.as<T>() + static_cast<int64_t>(panel) * matrix.padded_inputs * PANEL;
  for (int input = 0; input < matrix.inputs; ++input) {
    if constexpr (std::is_same_v<T, Brain>) target[input * PANEL + place] = to_brain(row[input]);
    else target[input * PANEL + place] = row[input];
  }
}

inline void pack_panel(Matrix& matrix, int panel, const float* weights, bool gated) {
  for (int place = 0; place < PANEL; ++place) {
    const int source = source_row(panel, place, matrix.outputs, gated);
    if (source < 0) continue;
    const float* row = weights + static_cast<int64_t>(source) * matrix.inputs;
    switch (matrix.precision) {
      case Precision::FLOAT: pack_numbers<float>(matrix, panel, place, row); break;
      case Precision::BRAIN: pack_numbers<Brain>(matrix, panel, place, row); break;
      case Precision::BYTE: pack_bytes(matrix, panel, place, row); break;
    }
  }
}

// `weights` [outputs, inputs] and `bias` [outputs] or null are read, and not kept.
inline Matrix pack(const float* weights, const float* bias, int outputs, int inputs, Precision precision, bool gated,
                   int threads) {
  Matrix matrix;
  matrix.outputs = outputs;
  matrix.inputs = inputs;
  matrix.precision = precision;
  matrix.padded_inputs = static_cast<int>(round_up(inputs, PADDING));
  matrix.panels = static_cast<int>(round_up(gated ? outputs / 2 : outputs, gated ? PANEL / 2 : PANEL) /
                                   (gated ? PANEL / 2 : PANEL));
  const int size = precision == Precision::FLOAT ? 4 : precision == Precision::BRAIN ? 2 : 1;
  matrix.weights = Memory(static_cast<size_t>(matrix.padded_outputs()) * matrix.padded_inputs * size);
  if (precision == Precision::BYTE) matrix.scales = Memory(matrix.weights.bytes() / GROUP * sizeof(Half));
  matrix.bias = Memory(matrix.padded_outputs() * sizeof(float));
  std::atomic<int> next{0};
  const auto pack_some = [&] {
    for (int panel = next++; panel < matrix.panels; panel = next++) pack_panel(matrix, panel, weights, gated);
  };
  std::vector<std::thread> helpers = start_threads(threads - 1, [&](int) { pack_some(); });
  pack_some();
  for (auto& helper : helpers) helper.join();
  for (int panel = 0; bias && panel < matrix.panels; ++panel) {
    for (int place = 0; place < PANEL; ++place) {
      const int source = source_row(panel, place, outputs, gated);
      if (source >= 0) matrix.bias.as<float>()[panel * PANEL + place] = bias[source];
    }
  }
  return matrix;
}

}  // namespace inkling
