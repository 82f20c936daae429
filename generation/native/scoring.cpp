// The sum over the whole row once; the likeliest tokens by the maxima of its blocks.

#include "scoring.h"

#include <cmath>
#include <limits>

#include "memory.h"
#include "exponential.h"
#include "logit_row.h"
#include "team.h"

namespace inkling {
namespace {

struct Workspace {
    LogitRow row;
    Buffer<int32_t> ids;
};

// The ids of the `count` likeliest tokens, in order.
const int32_t* find_likeliest(Workspace& workspace, int64_t count) {
    LogitRow& row = workspace.row;
    int32_t* ids = workspace.ids.reserve(row.size());
    const float bound = count > row.blocks() / 2 ? row.exactly_reached_by(count) : row.reached_by(count);
    const int64_t found = row.collect(bound, ids);
    std::partial_sort(ids, ids + count, ids + found,
                      [&](int32_t a, int32_t b) { return row[a] > row[b] || (row[a] == row[b] && a < b); });
    return ids;
}

void score_unknown(const ScoringBatch& batch, int64_t row) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    batch.logprobs[row] = unknown;
    for (int64_t i = 0; i < batch.alternatives; ++i) {
        batch.top_tokens[row * batch.alternatives + i] = i;
        batch.top_logprobs[row * batch.alternatives + i] = unknown;
    }
}

}  // namespace

void score_row(const ScoringBatch& batch, int64_t row) {
    static thread_local Workspace workspace;
    if (!workspace.row.scan(batch.logits + row * batch.stride, batch.vocabulary)) return score_unknown(batch, row);
    const double maximum = workspace.row.maximum();
    const double log_sum = std::log(sum_of_exp(workspace.row.values(), workspace.row.size(), maximum));
    batch.logprobs[row] = (workspace.row[batch.tokens[row]] - maximum) - log_sum;
    if (batch.alternatives == 0) return;
    const int32_t* likeliest = find_likeliest(workspace, batch.alternatives);
    for (int64_t i = 0; i < batch.alternatives; ++i) {
        batch.top_tokens[row * batch.alternatives + i] = likeliest[i];
        batch.top_logprobs[row * batch.alternatives + i] = (workspace.row[likeliest[i]] - maximum) - log_sum;
    }
}

}  // namespace inkling

extern "C" int32_t inkling_score_rows(inkling::Team* team, const inkling::ScoringBatch* batch, int64_t rows) {
    return inkling::for_each_row(team, rows, [&](int64_t row) { inkling::score_row(*batch, row); });
}
