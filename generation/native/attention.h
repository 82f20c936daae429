// Keys and values in blocks of BLOCK positions, and attention over them.
//
// A block has, for each layer and key head, the keys as [channel][position] and the values as [position][channel], so that
// both products run along whole vectors. They are floats, half floats, or bytes, of which each position has a unit before
// them: what a byte's 1 stands for. Long texts are bound by reading them. A sequence's table says which block holds its
// positions 16i … 16i+15; blocks may be shared by sequences that begin alike.
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

template <class Number>
constexpr bool HAS_UNITS = std::is_same_v<Number, Byte>;

// Mixes a head's channels, so that one large number takes the precision from few when they become bytes. Products of mixed
// keys and queries are as they were; mixed again, a sum of values is what it would have been.
template <class Number>
void mix_head(float* channels, int size) {
  if (!HAS_UNITS<Number> || size % GROUP != 0) return;
  for (float* from = channels; from < channels + size; from += GROUP) {
    Group numbers = Group::load_from(from);
    mix(numbers, 0.125f);
    numbers.store_to(from);
  }
}

// One head's keys or values in one block.
template <class Number>
struct Kept {
  Number* numbers;
  float* units;  // by position; only bytes have them
};

// All layers' keys and values. Memory is taken from the machine when it is first written to.
template <class Number>
struct KeyValues {
  char* memory = nullptr;
  int64_t layers = 0;
  Heads heads;

  int64_t units_size() const { return HAS_UNITS<Number> ? BLOCK * sizeof(float) : 0; }
  int64_t half_size() const { return units_size() + BLOCK * heads.padded() * static_cast<int64_t>(sizeof(Number)); }
  int64_t block_size() const { return layers * heads.keys * 2 * half_size(); }
  Kept<Number> keys(int layer, int block, int head) const { return half(layer, block, head, 0); }
  Kept<Number> values(int layer, int block, int head) const { return half(layer, block, head, 1); }

 private:
  Kept<Number> half(int layer, int block, int head, int which) const {
    char* from = memory + block * block_size() + ((static_cast<int64_t>(layer) * heads.keys + head) * 2 + which) * half_size();
    return {reinterpret_cast<Number*>(from + units_size()), reinterpret_cast<float*>(from)};
  }
};

// What one position keeps of a head, each `step` numbers from the last.
template <class Number>
void keep(const float* from, int size, const Kept<Number>& to, int place, Number* first, int step) {
  if constexpr (HAS_UNITS<Number>) {
    int32_t most = 0;
    for (int channel = 0; channel < size; ++channel) most = std::max(most, magnitude(from[channel]));
    const float largest = from_magnitude(most), inverse = largest < SMALLEST ? 0.0f : MOST_BYTE / largest;
    // What is no number makes the unit none, and all that is made of it shows that.
    to.units[place] = largest / MOST_BYTE;
    for (int channel = 0; channel < size; ++channel) first[channel * step].bits = to_byte(from[channel] * inverse);
  } else {
    for (int channel = 0; channel < size; ++channel) put(first + channel * step, from[channel]);
  }
}

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
  const Kept<Number> keys = cache.keys(layer, block, head), values = cache.values(layer, block, head);
  keep(key, cache.heads.size, keys, place, keys.numbers + place, BLOCK);
  keep(value, cache.heads.size, values, place, values.numbers + place * cache.heads.padded(), 1);
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
void score_block(const Query* queries, const Kept<Number>& keys, int size, int first) {
  constexpr int PARTS = BLOCK / LANES;
  Floats sums[COUNT][4][PARTS] = {};
  for (int channel = 0; channel < size; channel += 4)
    for (int part = 0; part < 4; ++part)
      for (int piece = 0; piece < PARTS; ++piece) {
        const Floats key = load(keys.numbers + (channel + part) * BLOCK + piece * LANES);
        for (int query = 0; query < COUNT; ++query)
          sums[query][part][piece] += key * queries[query].channels[channel + part];
      }
  for (int query = 0; query < COUNT; ++query) {
    const auto& parts = sums[query];
    for (int piece = 0; piece < PARTS; ++piece) {
      Floats score = (parts[0][piece] + parts[1][piece]) + (parts[2][piece] + parts[3][piece]);
      if constexpr (HAS_UNITS<Number>) score *= load(keys.units + piece * LANES);
      store(queries[query].scores + first + piece * LANES, score);
    }
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

  Kept<Number> keys(int position) const { return cache.keys(layer, table[position / BLOCK], head); }
  Kept<Number> values(int position) const { return cache.values(layer, table[position / BLOCK], head); }
  const Number* value(int position) const { return values(position).numbers + position % BLOCK * cache.heads.padded(); }
};

// Weights of values whose units count: of the positions that a query sees.
template <class Number>
void weigh_units(const Past<Number>& past, const Query& query) {
  for (int first = 0; first < query.positions; first += BLOCK) {
    const float* units = past.values(first).units;
    for (int piece = 0; piece < BLOCK; piece += LANES) {
      float* scores = query.scores + first + piece;
      store(scores, load(scores) * load(units + piece));
    }
  }
}

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
    const Number* values = past.value(first) + channel;
    const int count = together - first < BLOCK ? together - first : BLOCK;
    for (int position = 0; position < count; ++position, values += padded)
      for (int piece = 0; piece < PIECES; ++piece) {
        const Floats value = load(values + piece * LANES);
        for (int query = 0; query < COUNT; ++query) sums[query][piece] += value * queries[query].scores[first + position];
      }
  }
  for (int query = 0; query < COUNT; ++query) {
    for (int position = together; position < queries[query].positions; ++position)
      add_value<PIECES>(past.value(position) + channel, queries[query].scores[position], sums[query]);
    for (int piece = 0; piece < PIECES; ++piece)
      store(rows[query] + channel + piece * LANES, sums[query][piece] / totals[query]);
  }
}

inline void fetch(const void* from, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(from) + at, 0, 3);
}

// While a block's keys are looked at: its values and the next head's keys, which stand behind them, and the next block's.
template <class Number>
void fetch_ahead(const Past<Number>& past, int first, int seen) {
  const int64_t half = past.cache.half_size();
  fetch(past.values(first).units, 2 * half);
  if (first + BLOCK < seen) fetch(past.keys(first + BLOCK).units, half);
}

// What queries take from their sequence; those that see less come first.
template <int COUNT, class Number>
void attend(const Past<Number>& past, const Query* queries) {
  const int size = past.cache.heads.size, padded = past.cache.heads.padded();
  const int seen = queries[COUNT - 1].positions;
  for (int first = 0; first < seen; first += BLOCK) {
    fetch_ahead(past, first, seen);
    score_block<COUNT>(queries, past.keys(first), size, first);
  }
  float totals[COUNT], rows[COUNT][MOST_CHANNELS];
  for (int query = 0; query < COUNT; ++query) {
    totals[query] = soften(queries[query].scores, queries[query].positions);
    if constexpr (HAS_UNITS<Number>) weigh_units(past, queries[query]);
  }
  constexpr int WIDE = 4 * LANES;
  int channel = 0;
  for (; channel + WIDE <= padded; channel += WIDE) gather<COUNT, 4>(past, queries, totals, channel, rows);
  for (; channel < padded; channel += LANES) gather<COUNT, 1>(past, queries, totals, channel, rows);
  for (int query = 0; query < COUNT; ++query) {
    mix_head<Number>(rows[query], size);
    std::memcpy(queries[query].out, rows[query], size * sizeof(float));
  }
}

template <int COUNT = MOST_QUERIES, class Number>
void attend_some(const Past<Number>& past, const Query* queries, int count) {
  if constexpr (COUNT > 0) {
    if (count == COUNT) attend<COUNT>(past, queries);
    else attend_some<COUNT - 1>(past, queries, count);
  }
}

}  // namespace inkling
