// Repetition, frequency and presence penalties on one row, in single precision as penalties.py has them.

#pragma once

#include <algorithm>
#include <cstdint>

#include "memory.h"
#include "sampling.h"

namespace inkling {

class HistoryPenalties {
public:
    // A copy of the row with the penalties applied, valid until the next call. Ids outside the vocabulary are skipped.
    const float* apply(const float* logits, int64_t vocabulary, const SamplingOptions& options,
                       const TokenHistory& history) {
        float* row = row_.reserve(vocabulary);
        std::copy_n(logits, vocabulary, row);
        counts(vocabulary);
        if (options.repetition_penalty != 1) {
            repeat(row, vocabulary, options.repetition_penalty, history.prompt, history.prompt_length);
            repeat(row, vocabulary, options.repetition_penalty, history.completion, history.completion_length);
            forget(vocabulary, history.prompt, history.prompt_length);
            forget(vocabulary, history.completion, history.completion_length);
        }
        if (options.frequency_penalty != 0 || options.presence_penalty != 0) count(row, vocabulary, options, history);
        return row;
    }

private:
    void repeat(float* row, int64_t vocabulary, float penalty, const int64_t* ids, int64_t length) {
        for (int64_t i = 0; i < length; ++i) {
            const int64_t id = ids[i];
            if (id < 0 || id >= vocabulary || counts_[id]++ > 0) continue;
            row[id] = row[id] < 0 ? row[id] * penalty : row[id] / penalty;
        }
    }

    void count(float* row, int64_t vocabulary, const SamplingOptions& options, const TokenHistory& history) {
        for (int64_t i = 0; i < history.completion_length; ++i) {
            const int64_t id = history.completion[i];
            if (id >= 0 && id < vocabulary) ++counts_[id];
        }
        for (int64_t i = 0; i < history.completion_length; ++i) {
            const int64_t id = history.completion[i];
            if (id < 0 || id >= vocabulary || counts_[id] == 0) continue;
            // Rounded before it is taken off, as everywhere else; a fused operation would differ in the last bit.
            volatile float frequency = static_cast<float>(counts_[id]) * options.frequency_penalty;
            row[id] = row[id] - frequency - options.presence_penalty;
            counts_[id] = 0;
        }
    }

    void forget(int64_t vocabulary, const int64_t* ids, int64_t length) {
        for (int64_t i = 0; i < length; ++i) {
            if (ids[i] >= 0 && ids[i] < vocabulary) counts_[ids[i]] = 0;
        }
    }

    // All zero between calls, so that a call costs no more than its history.
    void counts(int64_t vocabulary) {
        if (vocabulary <= counted_) return;
        counts_ = all_counts_.reserve(vocabulary);
        std::fill_n(counts_, vocabulary, 0);
        counted_ = vocabulary;
    }

    Buffer<float> row_;
    Buffer<int32_t> all_counts_;
    int32_t* counts_ = nullptr;
    int64_t counted_ = 0;
};

}  // namespace inkling
