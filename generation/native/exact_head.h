// The head's rows once more, in brain floats: bytes find a row's likeliest tokens, these say how likely they are.
#pragma once

#include <algorithm>

#include "logit_row.h"
#include "matrix.h"
#include "threads.h"

namespace inkling {

class ExactHead {
 public:
  // What one thread needs for a row; reserved beforehand, so that a pass takes no memory.
  class Workspace {
   public:
    void reserve(int64_t vocabulary) {
      row_.reserve(vocabulary);
      ids_.reserve(vocabulary);
    }

   private:
    friend class ExactHead;
    LogitRow row_;
    Buffer<int32_t> ids_;
  };

  ExactHead() = default;

  // `weights` [outputs, inputs] are read, and not kept.
  ExactHead(const float* weights, int outputs, int inputs, int threads)
      : stride_(round_up(inputs, LANES)), rows_(static_cast<int64_t>(outputs) * stride_ * sizeof(Brain)) {
    std::atomic<int> next{0};
    const auto keep_some = [&] {
      for (int first = next.fetch_add(AT_ONCE); first < outputs; first = next.fetch_add(AT_ONCE))
        for (int64_t row = first; row < std::min(outputs, first + AT_ONCE); ++row)
          for (int input = 0; input < inputs; ++input)
            rows_.as<Brain>()[row * stride_ + input] = to_brain(weights[row * inputs + input]);
    };
    std::vector<std::thread> helpers = start_threads(threads - 1, [&](int) { keep_some(); });
    keep_some();
    for (auto& helper : helpers) helper.join();
  }

  bool empty() const { return rows_.bytes() == 0; }

  // Computes a row's likeliest logits anew. `state` is what the head was given, with zeros behind it up to LANES.
  void correct(float* logits, int64_t vocabulary, const float* state, const float* bias, Workspace& workspace) const {
    if (!workspace.row_.scan(logits, vocabulary)) return;
    int32_t* ids = workspace.ids_.reserve(vocabulary);
    const int64_t count = find_likeliest(workspace.row_, ids);
    for (int64_t place = 0; place < count; ++place)
      logits[ids[place]] = product(ids[place], state) + bias[ids[place]];
  }

 private:
  static constexpr int AT_ONCE = 1024;
  static constexpr int64_t CORRECTED = 16;
  static constexpr int64_t MOST_CORRECTED = 64;  // but for those that are as likely as the last

  // At least CORRECTED of them where there are so many.
  static int64_t find_likeliest(LogitRow& row, int32_t* ids) {
    const int64_t wanted = std::min(CORRECTED, row.size());
    const int64_t count = row.collect(wanted > row.blocks() / 2 ? row.exactly_reached_by(wanted) : row.reached_by(wanted), ids);
    if (count <= MOST_CORRECTED) return count;
    const float least = row.largest_of(ids, count, MOST_CORRECTED);
    return std::remove_if(ids, ids + count, [&](int32_t id) { return row[id] < least; }) - ids;
  }

  float product(int32_t id, const float* state) const {
    const Brain* row = rows_.as<Brain>() + static_cast<int64_t>(id) * stride_;
    Floats total = {};
    for (int64_t input = 0; input < stride_; input += LANES) total += load(row + input) * load(state + input);
    return sum(total);
  }

  int64_t stride_ = 0;
  Memory rows_;
};

}  // namespace inkling
