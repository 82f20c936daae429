// Products of a few rows of activations with one panel of a matrix.
#pragma once

#include "group.h"
#include "matrix.h"

namespace inkling {

// Rows of activations as one precision reads them. Bytes come with a scale and an offset for each GROUP of inputs.
struct Activations {
  int stride = 0;  // inputs, padded
  float* floats = nullptr;
  int8_t* bytes = nullptr;
  float* units = nullptr;  // what a byte's 1 stands for, by group
  int32_t* offsets = nullptr;  // what a sum of products is too large by since weights are ZERO too large, negated

  int groups() const { return stride / GROUP; }
};

inline void put_bytes(int8_t* to, Ints values) {
  *reinterpret_cast<LooseBytes*>(to) = __builtin_convertvector(values, LooseBytes);
}

// Each group mixed, and by its own largest number, so that one huge activation spoils the precision of few. A row that holds
// something that is no number gets a scale that is none, and all that is made of it shows it.
inline void to_bytes(const Activations& in, int row) {
  const float* from = in.floats + static_cast<int64_t>(row) * in.stride;
  int8_t* to = in.bytes + static_cast<int64_t>(row) * in.stride;
  const int64_t first = static_cast<int64_t>(row) * in.groups();
  for (int group = 0; group < in.groups(); ++group, from += GROUP, to += GROUP) {
    Group numbers = Group::load_from(from);
    mix(numbers, 0.125f);
    const float largest = extreme(numbers);
    const float inverse = std::fabs(largest) < SMALLEST ? 0.0f : LEAST_BYTE / largest;
    Ints total = {};
    for (int part = 0; part < GROUP_VECTORS; ++part) {
      const Ints whole = __builtin_convertvector(nearest_byte(numbers.parts[part] * inverse), Ints);
      put_bytes(to + part * LANES, whole);
      total += whole;
    }
    in.units[first + group] = largest / LEAST_BYTE;
    in.offsets[first + group] = -ZERO * sum(total);
  }
}

template <int ROWS>
using Tile = Floats[ROWS][VECTORS];

// What a tile fetches into the cache while it computes: its share of the next panel's bytes, some with each group.
struct Ahead {
  const uint8_t* from;
  int lines;  // of 64 bytes, with each group
};

inline void fetch_lines(Ahead& ahead) {
  for (int line = 0; line < ahead.lines; ++line, ahead.from += 64) __builtin_prefetch(ahead.from, 0, 2);
}

template <int ROWS>
void multiply_bytes(const Matrix& matrix, int panel, const Activations& in, int first, Ahead ahead, Tile<ROWS>& out) {
  const uint8_t* weights = matrix.panel<uint8_t>(panel);
  const Half* scales = matrix.scales.as<Half>() + static_cast<int64_t>(panel) * in.groups() * PANEL;
  const int8_t* bytes = in.bytes + static_cast<int64_t>(first) * in.stride;
  const int32_t* offsets = in.offsets + static_cast<int64_t>(first) * in.groups();
  const float* units = in.units + static_cast<int64_t>(first) * in.groups();
  for (int group = 0; group < in.groups(); ++group, scales += PANEL) {
    Ints sums[ROWS][VECTORS];
    for (int row = 0; row < ROWS; ++row)
      for (Ints& sum : sums[row]) sum = splat(offsets[row * in.groups() + group]);
    fetch_lines(ahead);
    for (int step = 0; step < GROUP; step += 4, weights += PANEL * 4) {
      Ints column[VECTORS];
      for (int vector = 0; vector < VECTORS; ++vector) column[vector] = load_ints(weights + vector * LANES * 4);
      for (int row = 0; row < ROWS; ++row) {
        int32_t input;
        std::memcpy(&input, bytes + row * in.stride + group * GROUP + step, sizeof input);
        for (int vector = 0; vector < VECTORS; ++vector) sums[row][vector] = dot4(sums[row][vector], column[vector], input);
      }
    }
    for (int vector = 0; vector < VECTORS; ++vector) {
      const Floats scale = load(scales + vector * LANES);
      for (int row = 0; row < ROWS; ++row)
        out[row][vector] += to_floats(sums[row][vector]) * (scale * units[row * in.groups() + group]);
    }
  }
}

template <int ROWS, class T>
void multiply_numbers(const Matrix& matrix, const T* weights, const Activations& in, int first, Tile<ROWS>& out) {
  const float* from = in.floats + static_cast<int64_t>(first) * in.stride;
  for (int input = 0; input < matrix.inputs; ++input, weights += PANEL) {
    Floats panel[VECTORS];
    for (int vector = 0; vector < VECTORS; ++vector) panel[vector] = load(weights + vector * LANES);
    for (int row = 0; row < ROWS; ++row) {
      const Floats value = splat(from[static_cast<int64_t>(row) * in.stride + input]);
      for (int vector = 0; vector < VECTORS; ++vector) out[row][vector] += panel[vector] * value;
    }
  }
}

constexpr int MOST = LANES == 16 ? 8 : 6;  // rows at a time: more sums than the registers hold cost more than they save

// One panel for ROWS rows, with scales and bias.
template <int ROWS>
void multiply_panel(const Matrix& matrix, int panel, const Activations& in, int first, Ahead ahead, Tile<ROWS>& out) {
  for (auto& row : out)
    for (auto& vector : row) vector = splat(0.0f);
  switch (matrix.precision) {
    case Precision::BYTE: multiply_bytes<ROWS>(matrix, panel, in, first, ahead, out); break;
    case Precision::BRAIN: multiply_numbers<ROWS>(matrix, matrix.panel<Brain>(panel), in, first, out); break;
    case Precision::FLOAT: multiply_numbers<ROWS>(matrix, matrix.panel<float>(panel), in, first, out); break;
  }
  const float* bias = matrix.bias.as<float>() + panel * PANEL;
  for (auto& row : out) {
    for (int vector = 0; vector < VECTORS; ++vector) {
      row[vector] += load(bias + vector * LANES);
    }
  }
}

enum class Then { STORE, ADD, GELU, GATE };

template <int ROWS>
void finish(const Tile<ROWS>& tile, Then then, float* out, int64_t stride) {
  for (int row = 0; row < ROWS; ++row, out += stride) {
    for (int vector = 0; vector < (then == Then::GATE ? VECTORS / 2 : VECTORS); ++vector) {
      Floats value = tile[row][vector];
      if (then == Then::ADD) value += load(out + vector * LANES);
      if (then == Then::GELU) value = gelu(value);
      if (then == Then::GATE) value = silu(value) * tile[row][vector + VECTORS / 2];
      store(out + vector * LANES, value);
    }
  }
}

// Apart: inlined among others, its sums would not stay in registers.
template <int ROWS>
__attribute__((noinline)) void apply_tile(const Matrix& matrix, int panel, const Activations& in, int first, Ahead ahead, Then then, float* out,
                int64_t stride) {
  Tile<ROWS> tile;
  multiply_panel<ROWS>(matrix, panel, in, first, ahead, tile);
  const int width = then == Then::GATE ? PANEL / 2 : PANEL;
  finish<ROWS>(tile, then, out + first * stride + panel * width, stride);
}

template <int ROWS>
void apply_rows(const Matrix& matrix, int panel, const Activations& in, int first, int rows, Ahead ahead, Then then,
                float* out, int64_t stride) {
  if constexpr (ROWS > 0) {
    if (rows == ROWS) apply_tile<ROWS>(matrix, panel, in, first, ahead, then, out, stride);
    else apply_rows<ROWS - 1>(matrix, panel, in, first, rows, ahead, then, out, stride);
  }
}

// One panel for all rows: out[row][panel's outputs] = what `then` makes of in[row] · weights. Rows go in tiles of nearly
// the same size, as small ones use the registers badly.
inline void apply_panel(const Matrix& matrix, int panel, const Activations& in, int rows, Then then, float* out,
                        int64_t stride) {
  const int tiles = (rows + MOST - 1) / MOST;
  for (int tile = 0, first = 0; tile < tiles; ++tile) {
    const int size = rows / tiles + (tile < rows % tiles ? 1 : 0);
    // A single tile streams through memory as fast as it goes anyway.
    const int lines = tiles > 1 ? GROUP * PANEL / 64 / tiles : 0;
    const Ahead ahead{matrix.panel<uint8_t>(panel + 1) + static_cast<int64_t>(tile) * lines * in.groups() * 64, lines};
    apply_rows<MOST>(matrix, panel, in, first, size, ahead, then, out, stride);
    first += size;
  }
}

}  // namespace inkling
