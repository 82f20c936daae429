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

// One query head of one row. Several that look at the same keys and values are computed together, each in its own order.
struct Query {
  const float* channels;  // rotated and scaled
  int positions;          // it sees 0 … positions-1 of its sequence
  float* scores;          // working memory for so many, in whole blocks
  float* out;
};

constexpr int MOST_QUERIES = LANES == 16 ? 4 : 2;  // at a time, as many as the registers hold

// The scores of one block's positions, for each query in four sums that don't wait for each other.
template <int COUNT, class Number>
void score_block(const Query* queries, const Number* keys, int size, int first) {
  constexpr int PARTS = BLOCK / LANES;
  Floats sums[COUNT][4][PARTS] = {};
  for (int channel = 0; channel < size; channel += 4)
    for (int part = 0; part < 4; ++part)
      for (int piece = 0; piece < PARTS; ++piece) {
        const Floats key = load(keys + (channel + part) * BLOCK + piece * LANES);
        for (int query = 0; query < COUNT; ++query)
          sums[query][part][piece] += key * queries[query].channels[channel + part];
      }
  for (int query = 0; query < COUNT; ++query) {
    const auto& parts = sums[query];
    for (int piece = 0; piece < PARTS; ++piece)
      store(queries[query].scores + first + piece * LANES,
            (parts[0][piece] + parts[1][piece]) + (parts[2][piece] + parts[3][piece]));
  }
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

constexpr int MOST_CHANNELS = 256;

// One head's keys and values of a sequence.
template <class Number>
struct Past {
  const KeyValues<Number>& cache;
  int layer;
  const int32_t* table;
  int head;

  const Number* keys(int position) const { return cache.keys(layer, table[position / BLOCK], head); }
  const Number* values(int position) const {
    return cache.values(layer, table[position / BLOCK], head) + position % BLOCK * cache.heads.padded();
  }
};

template <int PIECES, class Number>
void add_value(const Number* value, float weight, Floats* sums) {
  for (int piece = 0; piece < PIECES; ++piece) sums[piece] += load(value + piece * LANES) * weight;
}

// The sum of all values by their weights, PIECES vectors of channels of it. Of the queries the first sees least.
template <int COUNT, int PIECES, class Number>
void gather(const Past<Number>& past, const Query* queries, const float* totals, int channel, float (*rows)[MOST_CHANNELS]) {
  Floats sums[COUNT][PIECES] = {};
  const int together = queries[0].positions, padded = past.cache.heads.padded();
  for (int first = 0; first < together; first += BLOCK) {
    const Number* values = past.values(first) + channel;
    const int count = together - first < BLOCK ? together - first : BLOCK;
    for (int position = 0; position < count; ++position, values += padded)
      for (int piece = 0; piece < PIECES; ++piece) {
        const Floats value = load(values + piece * LANES);
        for (int query = 0; query < COUNT; ++query) sums[query][piece] += value * queries[query].scores[first + position];
      }
  }
  for (int query = 0; query < COUNT; ++query) {
    for (int position = together; position < queries[query].positions; ++position)
      add_value<PIECES>(past.values(position) + channel, queries[query].scores[position], sums[query]);
    for (int piece = 0; piece < PIECES; ++piece)
      store(rows[query] + channel + piece * LANES, sums[query][piece] / totals[query]);
  }
}

// What queries take from their sequence; those that see less come first.
template <int COUNT, class Number>
void attend(const Past<Number>& past, const Query* queries) {
  const int size = past.cache.heads.size, padded = past.cache.heads.padded();
  for (int first = 0; first < queries[COUNT - 1].positions; first += BLOCK)
    score_block<COUNT>(queries, past.keys(first), size, first);
  float totals[COUNT], rows[COUNT][MOST_CHANNELS];
  for (int query = 0; query < COUNT; ++query) totals[query] = soften(queries[query].scores, queries[query].positions);
  constexpr int WIDE = 4 * LANES;
  int channel = 0;
  for (; channel + WIDE <= padded; channel += WIDE) gather<COUNT, 4>(past, queries, totals, channel, rows);
  for (; channel < padded; channel += LANES) gather<COUNT, 1>(past, queries, totals, channel, rows);
  for (int query = 0; query < COUNT; ++query) std::memcpy(queries[query].out, rows[query], size * sizeof(float));
}

template <int COUNT = MOST_QUERIES, class Number>
void attend_some(const Past<Number>& past, const Query* queries, int count) {
  if constexpr (COUNT > 0) {
    if (count == COUNT) attend<COUNT>(past, queries);
    else attend_some<COUNT - 1>(past, queries, count);
  }
}

}  // namespace inkling
