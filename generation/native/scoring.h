// Log-probabilities of chosen tokens and of the likeliest, of raw logits.

#pragma once

#include <cstdint>

namespace inkling {

class Team;

struct ScoringBatch {
    const float* logits;  // [row, vocabulary]
    int64_t stride;
    int64_t vocabulary;  // below 2^31
    const int64_t* tokens;
    int64_t alternatives;  // at most the vocabulary
    double* logprobs;      // out: one per row, natural logarithm; NaN when the row's maximum is no finite number
    int64_t* top_tokens;   // out: [row, alternatives], the likeliest first, of equals the lower ids first
    double* top_logprobs;
};

// A function of that row alone. Keeps its memory per thread.
void score_row(const ScoringBatch& batch, int64_t row);

}  // namespace inkling

// On the threads of `team`, which may be null. 0 where memory lacks.
extern "C" int32_t inkling_score_rows(inkling::Team* team, const inkling::ScoringBatch* batch, int64_t rows);
