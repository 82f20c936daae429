// A decoder-only transformer: GPT-2 and Llama, and what is built like them.
#pragma once

#include "attention.h"
#include "exact_head.h"
#include "linear.h"
#include "team.h"

namespace inkling {

// The fields and their order are those of network.py.
struct Shape {
  int32_t layers, hidden, heads, key_heads, head_size, inner, vocabulary;
  int32_t gated;     // Llama: silu(gate) × value, RMS norms, rotated positions. Otherwise GPT-2: gelu, layer norms.
  int32_t precision;  // a Precision; keys and values are floats, half floats or bytes, too
  int32_t most_rows, most_positions, threads;
  float epsilon, scaling;
};

struct Norm {
  Memory weight, bias;
};

struct Layer {
  Norm before_attention, before_inner;
  Matrix attend, collect, expand, contract;
};

// One call's rows: a token each, with its place in its sequence. The fields and their order are those of network.py.
struct Step {
  const float* embeddings;     // [rows, hidden]
  const int32_t* positions;    // [rows]
  const int32_t* sequences;    // [rows]: neighbours of one sequence are in its order
  const int32_t* tables;       // [sequences, table_stride]: each one's blocks
  const int32_t* output_rows;  // [outputs]: whose logits are wanted
  float* logits;               // [outputs, logits_stride()]
  int32_t rows, outputs, table_stride;
  int32_t lone;  // every row is of a sequence of its own
};

class Network {
 public:
  explicit Network(const Shape& shape);

  void set_matrix(int layer, int place, const float* weights, const float* bias, Precision precision);
  void set_norm(int layer, int place, const float* weight, const float* bias);
  // Cosines and sines [positions, head_size / 2].
  void set_angles(const float* cosines, const float* sines);
  void set_cache(int64_t blocks);
  void copy_block(int32_t from, int32_t to);
  int64_t block_size() const;  // bytes of one block's keys and values
  void run(const Step& step);

  int logits_stride() const { return head_.padded_outputs(); }
  Team& team() { return team_; }

 private:
  template <class Number>
  void forward(Member& member);
  template <class Number>
  void attention(Member& member, int layer);
  template <class Number>
  void remember_row(int layer, int row, int head);
  template <class Number>
  void attend_rows(Member& member, int layer, int first, int rows, int key_head);
  template <class Number>
  Query make_query(int row, int head, float* scores) const;
  template <class Number>
  KeyValues<Number> cache() const;
  // `work` with a number of the kind that keys and values are kept as.
  template <class Work>
  auto with_cached(Work work) const;
  const int32_t* table(int row) const {
    return step_.tables + static_cast<int64_t>(step_.sequences[row]) * step_.table_stride;
  }
  void normalize(const Norm& norm, const float* from, const Activations& to, int row) const;
  void apply(Member& member, const Matrix& matrix, const Activations& in, int rows, Then then, float* out, int64_t stride);
  static bool takes_bytes(const Matrix& matrix) { return matrix.precision == Precision::BYTE; }

  Shape shape_;
  Heads heads_;
  std::vector<Layer> layers_;
  Norm last_norm_;
  Matrix head_;
  ExactHead exact_head_;  // beside bytes
  std::vector<ExactHead::Workspace> workspaces_;  // by thread
  Memory cosines_, sines_, cache_;
  // Working memory, by row unless said otherwise.
  Memory stream_, normed_, projected_, context_, inner_, scores_ /* by thread and query */, bytes_, units_, offsets_;
  int hidden_stride_, projected_stride_, context_stride_, inner_stride_, scores_stride_;
  Step step_{};
  // What of it is read outside of pieces, so also by a thread that is late while the next step is written: whatever it
  // reads, it takes no piece by it.
  std::atomic<int32_t> rows_{0}, outputs_{0}, lone_{0};
  std::atomic<float*> logits_{nullptr};
  std::function<void(Member&)> body_;
  Team team_;  // last: its threads end before anything that they read
};

}  // namespace inkling
