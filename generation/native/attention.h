// Keys and values in blocks of BLOCK positions, and attention over them.
//
// A block has, for each layer and key head, the keys as [channel][position] and the values as [position][channel], so that
// both products run along whole vectors. A sequence's table says which block holds its positions 16i … 16i+15; blocks may
// be shared by sequences that begin alike.
#pragma once

#include "matrix.h"

namespace inkling {

constexpr int BLOCK = 16;

struct Heads {
  int count = 0, keys = 0, size = 0;
  float scaling = 0;

  int padded() const { return static_cast<int>(round_up(size, LANES)); }
  int shared_by() const { return count / keys; }
};

// All layers' keys and values. Memory is taken from the machine when it is first written to.
template <class Number>
struct KeyValues {
  Number* numbers = nullptr;
  int64_t blocks = 0;
  Heads heads;

  int64_t half_block() const { return static_cast<int64_t>(BLOCK) * heads.padded(); }
  Number* keys(int layer, int block, int head) const {
    return numbers + ((static_cast<int64_t>(layer) * blocks + block) * heads.keys + head) * 2 * half_block();
  }
  Number* values(int layer, int block, int head) const { return keys(layer, block, head) + half_block(); }
};

// Turns pairs of channels by their position's angles (Su et al., RoFormer), in the half-and-half layout of Llama.
inline void rotate(float* head, int size, const float* cosines, const float* sines) {
  for (int channel = 0; channel < size / 2; ++channel) {
    const float left = head[channel], right = head[channel + size / 2];
    head[channel] = left * cosines[channel] - right * sines[channel];
    head[channel + size / 2] = right * cosines[channel] + left * sines[channel];
  }
}

template <class Number>
void remember(const KeyValues<Number>& cache, int layer, int block, int head, int place, const float* key,
              const float* value) {
  Number* keys = cache.keys(layer, block, head);
  Number* values = cache.values(layer, block, head) + place * cache.heads.padded();
  for (int channel = 0; channel < cache.heads.size; ++channel) {
    put(keys + channel * BLOCK + place, key[channel]);
    put(values + channel, value[channel]);
  }
}

// The scores of one block's positions for one query, in four sums that don't wait for each other.
template <class Number>
void score_block(const float* query, const Number* keys, int size, float* scores) {
  constexpr int PARTS = BLOCK / LANES;
  Floats sums[4][PARTS] = {};
  for (int channel = 0; channel < size; channel += 4)
    for (int part = 0; part < 4; ++part)
      for (int piece = 0; piece < PARTS; ++piece)
        sums[part][piece] += load(keys + (channel + part) * BLOCK + piece * LANES) * query[channel + part];
  for (int piece = 0; piece < PARTS; ++piece)
    store(scores + piece * LANES, (sums[0][piece] + sums[1][piece]) + (sums[2][piece] + sums[3][piece]));
}

// In place; returns the sum by which the weights are to be divided. `scores` has whole blocks, the rest is dropped.
inline float soften(float* scores, int positions) {
  const int whole = static_cast<int>(round_up(positions, BLOCK));
  for (int position = positions; position < whole; ++position) scores[position] = -INFINITY;
  Floats most = load(scores);
  for (int position = LANES; position < whole; position += LANES) most = maximum(most, load(scores + position));
  const Floats largest = splat(maximum(most));
  Floats total = splat(0.0f);
  for (int position = 0; position < whole; position += LANES) {
    const Floats weights = exponential(load(scores + position) - largest);
    store(scores + position, weights);
    total += weights;
  }
  // Clamped exponents leave a trace where nothing belongs.
  for (int position = positions; position < whole; ++position) scores[position] = 0.0f;
  return sum(total);
}

constexpr int MOST_PIECES = 256 / LANES;  // vectors of a head's channels

template <class Number>
void add_block(const float* weights, int positions, const Number* values, int pieces, int padded, Floats* sums) {
  for (int position = 0; position < positions; ++position, values += padded)
    for (int piece = 0; piece < pieces; ++piece) sums[piece] += load(values + piece * LANES) * weights[position];
}

// What one query head takes from positions 0 … positions-1 of its sequence. `query` is rotated and scaled.
template <class Number>
void attend(const KeyValues<Number>& cache, int layer, const int32_t* table, int head, int positions, const float* query,
            float* scores, float* out) {
  const int size = cache.heads.size, padded = cache.heads.padded(), pieces = padded / LANES;
  for (int first = 0; first < positions; first += BLOCK)
    score_block(query, cache.keys(layer, table[first / BLOCK], head), size, scores + first);
  const float total = soften(scores, positions);
  Floats sums[MOST_PIECES] = {};
  for (int first = 0; first < positions; first += BLOCK) {
    const int count = positions - first < BLOCK ? positions - first : BLOCK;
    add_block(scores + first, count, cache.values(layer, table[first / BLOCK], head), pieces, padded, sums);
  }
  float row[MOST_PIECES * LANES];
  for (int piece = 0; piece < pieces; ++piece) store(row + piece * LANES, sums[piece] / total);
  std::memcpy(out, row, size * sizeof(float));
}

}  // namespace inkling
