// The head's rows once more, in brain floats: bytes find a row's likeliest tokens, these say how likely they are.
#pragma once

#include "logit_row.h"
#include "matrix.h"

namespace inkling {

class ExactHead {
 public:
  ExactHead() = default;

  // `weights` [outputs, inputs] are read, and not kept.
  ExactHead(const float* weights, int outputs, int inputs)
      : stride_(round_up(inputs, LANES)), rows_(static_cast<int64_t>(outputs) * stride_ * sizeof(Brain)) {
    for (int64_t row = 0; row < outputs; ++row)
      for (int input = 0; input < inputs; ++input)
        rows_.as<Brain>()[row * stride_ + input] = to_brain(weights[row * inputs + input]);
  }

  bool empty() const { return rows_.bytes() == 0; }

  // Computes the likeliest logits of a row anew. `state` is what the head was given, zeros behind it up to LANES.
  void correct(float* logits, int64_t vocabulary, const float* state, const float* bias) const {
    static thread_local Workspace workspace;
    LogitRow& row = workspace.row;
    if (!row.scan(logits, vocabulary)) return;
    int32_t* ids = workspace.ids.reserve(vocabulary);
    const int64_t count = row.collect(row.reached_by(std::min(CORRECTED, row.blocks())), ids);
    for (int64_t place = 0; place < std::min(count, MOST_CORRECTED); ++place)
      logits[ids[place]] = product(ids[place], state) + bias[ids[place]];
  }

 private:
  static constexpr int64_t CORRECTED = 16;
  static constexpr int64_t MOST_CORRECTED = 64;  // of many that are equally likely, the first

  struct Workspace {
    LogitRow row;
    Buffer<int32_t> ids;
  };

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
