#include "network.h"

#include <algorithm>

namespace inkling {

namespace {

// Calls of `share`: two norms, four products, at most two for attention, and two to make bytes of what is in between; and
// the embeddings, the last norm, the head and its likeliest tokens.
constexpr int STEPS_PER_LAYER = 10, OTHER_STEPS = 4;
constexpr int64_t PIECE_BYTES = 1 << 20;
constexpr int TOGETHER = 4;  // neighbouring rows of prompts in one piece of work

Memory copy_padded(const float* from, int count, int64_t padded) {
  Memory buffer(padded * sizeof(float));
  if (from) std::memcpy(buffer.as<float>(), from, count * sizeof(float));
  return buffer;
}

}  // namespace

template <class Number>
KeyValues<Number> Network::cache() const {
  return {cache_.as<char>(), shape_.layers, heads_};
}

template <class Work>
auto Network::with_cached(Work work) const {
  switch (static_cast<Precision>(shape_.precision)) {
    case Precision::FLOAT: return work(0.0f);
    case Precision::BRAIN: return work(Half{});
    default: return work(Byte{});
  }
}

Network::Network(const Shape& shape)
    : shape_(shape),
      heads_{shape.heads, shape.key_heads, shape.head_size, shape.scaling},
      layers_(shape.layers),
      hidden_stride_(round_up(shape.hidden, PADDING)),
      projected_stride_(round_up((shape.heads + 2 * shape.key_heads) * shape.head_size, PADDING)),
      context_stride_(round_up(shape.heads * shape.head_size, PADDING)),
      inner_stride_(round_up(shape.inner, PADDING)),
      scores_stride_(round_up(shape.most_positions, GROUP)),
      team_(shape.threads, shape.layers * STEPS_PER_LAYER + OTHER_STEPS) {
  const int64_t rows = shape.most_rows, wide = std::max({hidden_stride_, context_stride_, inner_stride_});
  stream_ = Memory(rows * hidden_stride_ * sizeof(float));
  normed_ = Memory(rows * hidden_stride_ * sizeof(float));
  projected_ = Memory(rows * projected_stride_ * sizeof(float));
  context_ = Memory(rows * context_stride_ * sizeof(float));
  inner_ = Memory(rows * inner_stride_ * sizeof(float));
  scores_ = Memory(static_cast<int64_t>(team_.size()) * MOST_QUERIES * scores_stride_ * sizeof(float));
  bytes_ = Memory(rows * wide);
  units_ = Memory(rows * wide / GROUP * sizeof(float));
  offsets_ = Memory(rows * wide / GROUP * sizeof(int32_t));
  body_ = [this](Member& member) {
    with_cached([&](auto number) { forward<decltype(number)>(member); });
  };
}

void Network::set_matrix(int layer, int place, const float* weights, const float* bias, Precision precision) {
  const int hidden = shape_.hidden, context = shape_.heads * shape_.head_size;
  const auto packed = [&](int outputs, int inputs, bool gated) {
    return pack(weights, bias, outputs, inputs, precision, gated, team_.size());
  };
  switch (place) {
    case 0: layers_[layer].attend = packed(context + 2 * shape_.key_heads * shape_.head_size, hidden, false); break;
    case 1: layers_[layer].collect = packed(hidden, context, false); break;
    case 2: layers_[layer].expand = packed(shape_.gated ? 2 * shape_.inner : shape_.inner, hidden, shape_.gated); break;
    case 3: layers_[layer].contract = packed(hidden, shape_.inner, false); break;
    default:
      head_ = packed(shape_.vocabulary, hidden, false);
      if (!takes_bytes(head_)) break;
      exact_head_ = ExactHead(weights, shape_.vocabulary, hidden, team_.size());
      workspaces_ = std::vector<ExactHead::Workspace>(team_.size());
      for (auto& workspace : workspaces_) workspace.reserve(shape_.vocabulary);
  }
}

void Network::set_norm(int layer, int place, const float* weight, const float* bias) {
  Norm& norm = place == 0 ? layers_[layer].before_attention : place == 1 ? layers_[layer].before_inner : last_norm_;
  norm.weight = copy_padded(weight, shape_.hidden, hidden_stride_);
  norm.bias = copy_padded(bias, shape_.hidden, hidden_stride_);
}

void Network::set_angles(const float* cosines, const float* sines) {
  const int count = shape_.most_positions * (shape_.head_size / 2);
  cosines_ = copy_padded(cosines, count, count);
  sines_ = copy_padded(sines, count, count);
}

void Network::set_cache(int64_t blocks) {
  cache_ = Memory(blocks * block_size(), Memory::UNTOUCHED);
}

int64_t Network::block_size() const {
  return with_cached([&](auto number) { return cache<decltype(number)>().block_size(); });
}

void Network::copy_block(int32_t from, int32_t to) {
  const int64_t size = block_size();
  std::memcpy(cache_.as<char>() + to * size, cache_.as<char>() + from * size, size);
}

void Network::run(const Step& step) {
  step_ = step;
  rows_.store(step.rows, std::memory_order_relaxed);
  outputs_.store(step.outputs, std::memory_order_relaxed);
  lone_.store(step.lone, std::memory_order_relaxed);
  logits_.store(step.logits, std::memory_order_relaxed);
  team_.run(body_);
}

// Layer norm, or its mean-free kin RMS norm (Zhang and Sennrich 2019), in the order of one row's channels.
void Network::normalize(const Norm& norm, const float* from, const Activations& to, int row) const {
  const int hidden = shape_.hidden;
  float* target = to.floats + static_cast<int64_t>(row) * to.stride;
  float mean = 0;
  if (!shape_.gated) {
    Floats total = splat(0.0f);
    for (int channel = 0; channel < hidden_stride_; channel += LANES) total += load(from + channel);
    mean = sum(total) / hidden;  // what pads the row is zero
  }
  Floats squares = splat(0.0f);
  for (int channel = 0; channel < hidden / LANES * LANES; channel += LANES) {
    const Floats apart = load(from + channel) - mean;
    squares += apart * apart;
  }
  float total = sum(squares);
  for (int channel = hidden / LANES * LANES; channel < hidden; ++channel)
    total += (from[channel] - mean) * (from[channel] - mean);
  const float factor = 1.0f / std::sqrt(total / hidden + shape_.epsilon);
  const float *weight = norm.weight.as<float>(), *bias = norm.bias.as<float>();
  for (int channel = 0; channel < hidden_stride_; channel += LANES)
    store(target + channel, (load(from + channel) - mean) * factor * load(weight + channel) + load(bias + channel));
}

void Network::apply(Member& member, const Matrix& matrix, const Activations& in, int rows, Then then, float* out,
                    int64_t stride) {
  // As many neighbouring panels as can be to one thread, since memory is read fastest in one go; of large matrices
  // several pieces each, so that no thread waits long for another that was held up.
  const int64_t pieces = std::clamp<int64_t>(matrix.weights.bytes() / (team_.size() * PIECE_BYTES), 1, 8) * team_.size();
  const int size = static_cast<int>((matrix.panels + pieces - 1) / pieces);
  member.share((matrix.panels + size - 1) / size, [&](int piece) {
    for (int panel = piece * size; panel < std::min(matrix.panels, (piece + 1) * size); ++panel)
      apply_panel(matrix, panel, in, rows, then, out, stride);
  });
}

template <class Number>
void Network::remember_row(int layer, int row, int head) {
  const int position = step_.positions[row], size = heads_.size;
  const int32_t block = table(row)[position / BLOCK];
  float* projected = projected_.as<float>() + static_cast<int64_t>(row) * projected_stride_;
  float* key = projected + (heads_.count + head) * size;
  float* value = projected + (heads_.count + heads_.keys + head) * size;
  const int64_t angle = static_cast<int64_t>(position) * (size / 2);
  if (shape_.gated) rotate(key, size, cosines_.as<float>() + angle, sines_.as<float>() + angle);
  mix_head<Number>(key, size);
  mix_head<Number>(value, size);
  remember(cache<Number>(), layer, block, head, position % BLOCK, key, value);
}

template <class Number>
Query Network::make_query(int row, int head, float* scores) const {
  const int position = step_.positions[row], size = heads_.size;
  float* channels = projected_.as<float>() + static_cast<int64_t>(row) * projected_stride_ + head * size;
  const int64_t angle = static_cast<int64_t>(position) * (size / 2);
  if (shape_.gated) rotate(channels, size, cosines_.as<float>() + angle, sines_.as<float>() + angle);
  for (int channel = 0; channel < size; ++channel) channels[channel] *= heads_.scaling;
  mix_head<Number>(channels, size);
  float* out = context_.as<float>() + static_cast<int64_t>(row) * context_stride_ + head * size;
  return {channels, position + 1, scores, out};
}

// Neighbouring rows. Those of one sequence look back together.
template <class Number>
void Network::attend_rows(Member& member, int layer, int first, int rows, int key_head) {
  const KeyValues<Number> numbers = cache<Number>();
  const int shared = heads_.shared_by(), count = rows * shared;
  float* scores = scores_.as<float>() + static_cast<int64_t>(member.index()) * MOST_QUERIES * scores_stride_;
  Query queries[MOST_QUERIES];
  for (int index = 0, gathered = 0; index < count; ++index) {
    const int row = first + index / shared;
    queries[gathered] = make_query<Number>(row, key_head * shared + index % shared, scores + gathered * scores_stride_);
    ++gathered;
    const bool last = index + 1 == count || step_.sequences[first + (index + 1) / shared] != step_.sequences[row];
    if (!last && gathered < MOST_QUERIES) continue;
    attend_some(Past<Number>{numbers, layer, table(row), key_head}, queries, gathered);
    gathered = 0;
  }
}

template <class Number>
void Network::attention(Member& member, int layer) {
  const int rows = rows_.load(std::memory_order_relaxed), keys = heads_.keys;
  if (lone_.load(std::memory_order_relaxed)) {
    // All heads of a row to one thread, where there is enough for all: they stand one behind the other.
    const int heads = rows >= 4 * team_.size() ? keys : 1;
    member.share(rows * keys / heads, [&](int piece) {
      for (int place = piece * heads; place < (piece + 1) * heads; ++place) {
        remember_row<Number>(layer, place / keys, place % keys);
        attend_rows<Number>(member, layer, place / keys, 1, place % keys);
      }
    });
    return;
  }
  member.share(rows * keys, [&](int piece) { remember_row<Number>(layer, piece / keys, piece % keys); });
  member.share((rows + TOGETHER - 1) / TOGETHER * keys, [&](int piece) {
    const int first = piece / keys * TOGETHER;
    attend_rows<Number>(member, layer, first, std::min(TOGETHER, rows - first), piece % keys);
  });
}

template <class Number>
void Network::forward(Member& member) {
  const int rows = rows_.load(std::memory_order_relaxed), outputs = outputs_.load(std::memory_order_relaxed);
  const auto activations = [&](const Memory& numbers, int stride) {
    return Activations{stride, numbers.as<float>(), bytes_.as<int8_t>(), units_.as<float>(), offsets_.as<int32_t>()};
  };
  const Activations normed = activations(normed_, hidden_stride_), context = activations(context_, context_stride_),
                    inner = activations(inner_, inner_stride_);
  float* stream = stream_.as<float>();
  const auto normalize_rows = [&](const Norm& norm, const Matrix& next) {
    member.share(rows, [&](int row) {
      normalize(norm, stream + static_cast<int64_t>(row) * hidden_stride_, normed, row);
      if (takes_bytes(next)) to_bytes(normed, row);
    });
  };
  const auto shrink_rows = [&](const Activations& which, const Matrix& next) {
    if (takes_bytes(next)) member.share(rows, [&](int row) { to_bytes(which, row); });
  };
  member.share(rows, [&](int row) {
    float* to = stream + static_cast<int64_t>(row) * hidden_stride_;
    std::memcpy(to, step_.embeddings + static_cast<int64_t>(row) * shape_.hidden, shape_.hidden * sizeof(float));
    // Zeros after it, also where an earlier row left something that is no number.
    std::memset(to + shape_.hidden, 0, (hidden_stride_ - shape_.hidden) * sizeof(float));
  });
  for (int index = 0; index < shape_.layers; ++index) {
    const Layer& layer = layers_[index];
    normalize_rows(layer.before_attention, layer.attend);
    apply(member, layer.attend, normed, rows, Then::STORE, projected_.as<float>(), projected_stride_);
    attention<Number>(member, index);
    shrink_rows(context, layer.collect);
    apply(member, layer.collect, context, rows, Then::ADD, stream, hidden_stride_);
    normalize_rows(layer.before_inner, layer.expand);
    apply(member, layer.expand, normed, rows, shape_.gated ? Then::GATE : Then::GELU, inner_.as<float>(), inner_stride_);
    shrink_rows(inner, layer.contract);
    apply(member, layer.contract, inner, rows, Then::ADD, stream, hidden_stride_);
  }
  member.share(outputs, [&](int output) {
    const int row = step_.output_rows[output];
    normalize(last_norm_, stream + static_cast<int64_t>(row) * hidden_stride_, normed, output);
    if (takes_bytes(head_)) to_bytes(normed, output);
  });
  float* logits = logits_.load(std::memory_order_relaxed);
  apply(member, head_, normed, outputs, Then::STORE, logits, head_.padded_outputs());
  if (exact_head_.empty()) return;
  member.share(outputs, [&](int output) {
    exact_head_.correct(logits + static_cast<int64_t>(output) * head_.padded_outputs(), shape_.vocabulary,
                        normed.floats + static_cast<int64_t>(output) * hidden_stride_, head_.bias.as<float>(),
                        workspaces_[member.index()]);
  });
}

}  // namespace inkling

using inkling::Network;

// Nothing is thrown into the caller: where memory lacks, null or 0.
extern "C" {

Network* inkling_network_new(const inkling::Shape* shape) try {
  return new Network(*shape);
} catch (...) {
  return nullptr;
}

void inkling_network_delete(Network* network) { delete network; }

int32_t inkling_network_matrix(Network* network, int32_t layer, int32_t place, const float* weights, const float* bias,
                               int32_t precision) try {
  network->set_matrix(layer, place, weights, bias, static_cast<inkling::Precision>(precision));
  return 1;
} catch (...) {
  return 0;
}

int32_t inkling_network_norm(Network* network, int32_t layer, int32_t place, const float* weight, const float* bias) try {
  network->set_norm(layer, place, weight, bias);
  return 1;
} catch (...) {
  return 0;
}

int32_t inkling_network_angles(Network* network, const float* cosines, const float* sines) try {
  network->set_angles(cosines, sines);
  return 1;
} catch (...) {
  return 0;
}

int32_t inkling_network_cache(Network* network, int64_t blocks) try {
  network->set_cache(blocks);
  return 1;
} catch (...) {
  return 0;
}

void inkling_network_copy_block(Network* network, int32_t from, int32_t to) noexcept { network->copy_block(from, to); }
int64_t inkling_network_block_size(const Network* network) { return network->block_size(); }
int32_t inkling_network_logits_stride(const Network* network) { return network->logits_stride(); }
inkling::Team* inkling_network_team(Network* network) { return &network->team(); }
void inkling_network_run(Network* network, const inkling::Step* step) noexcept { network->run(*step); }

}
