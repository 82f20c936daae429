// Each row by itself: scan, penalize, narrow to candidates, filter, draw.

#include "sampling.h"

#include "candidates.h"
#include "history_penalties.h"
#include "logit_row.h"
#include "team.h"

namespace inkling {
namespace {

struct Workspace {
    LogitRow row;
    HistoryPenalties penalties;
    Candidates candidates;

    int64_t sample(const SamplingBatch& batch, int64_t index) {
        const SamplingOptions& options = batch.options[index];
        const float* logits = batch.logits + index * batch.stride;
        if (!row.scan(logits, batch.vocabulary)) return -1;
        if (options.penalizes()) {
            logits = penalties.apply(logits, batch.vocabulary, options, batch.histories[index]);
            if (!row.scan(logits, batch.vocabulary)) return -1;
        }
        if (options.greedy) return row.first_likeliest();
        candidates.choose(row, options);
        return candidates.draw(batch.uniforms[index]);
    }
};

}  // namespace

void sample_row(const SamplingBatch& batch, int64_t row) {
    static thread_local Workspace workspace;
    batch.tokens[row] = workspace.sample(batch, row);
}

}  // namespace inkling

extern "C" int32_t inkling_sample_rows(inkling::Team* team, const inkling::SamplingBatch* batch, int64_t rows) {
    return inkling::for_each_row(team, rows, [&](int64_t row) { inkling::sample_row(*batch, row); });
}
