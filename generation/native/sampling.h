// Drawing the next token of each row of logits. The meaning of every step is that of filters.py and penalties.py.

#pragma once

#include <cstdint>

namespace inkling {

class Team;

// The fields and their order are those of `_OPTIONS` in sampler.py.
struct SamplingOptions {
    double temperature;
    double top_p;
    double min_p;
    double typical_p;
    int64_t top_k;
    float repetition_penalty;
    float frequency_penalty;
    float presence_penalty;
    int32_t greedy;  // 0 or 1

    bool penalizes() const { return repetition_penalty != 1 || frequency_penalty != 0 || presence_penalty != 0; }
};

static_assert(sizeof(SamplingOptions) == 56);

// Token ids of a row; looked at only when its options penalize.
struct TokenHistory {
    const int64_t* prompt;
    int64_t prompt_length;
    const int64_t* completion;
    int64_t completion_length;
};

struct SamplingBatch {
    const float* logits;  // [row, vocabulary], raw
    int64_t stride;       // from row to row, in numbers
    int64_t vocabulary;   // below 2^31
    const SamplingOptions* options;
    const TokenHistory* histories;
    const double* uniforms;  // one in [0, 1) per row
    int64_t* tokens;         // out: the token drawn, or -1 when the row's maximum is no finite number
};

// A function of that row alone. Keeps its memory per thread.
void sample_row(const SamplingBatch& batch, int64_t row);

}  // namespace inkling

// On the threads of `team`, which may be null. 0 where memory lacks.
extern "C" int32_t inkling_sample_rows(inkling::Team* team, const inkling::SamplingBatch* batch, int64_t rows);
