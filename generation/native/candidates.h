// The tokens a row may still draw, in the vocabulary's order, and the filters that drop some of them.

#pragma once

#include <cmath>
#include <cstdint>

#include "memory.h"
#include "exponential.h"
#include "logit_row.h"
#include "mass_selection.h"
#include "sampling.h"

namespace inkling {

class Candidates {
public:
    // Apply the options to a row that was scanned.
    void choose(LogitRow& row, const SamplingOptions& options) {
        row_ = &row;
        temperature_ = options.temperature;
        const bool some_k = options.top_k > 0 && options.top_k < row.size();
        const bool some_p = options.top_p > 0 && options.top_p < 1;
        ids_ = id_memory_.reserve(row.size());
        if (some_k) {
            gather_top_k(options.top_k);
        } else if (!some_p && options.min_p > 0) {
            gather_likelier_than(options.min_p);
        } else {
            gather_all();
        }
        if (some_p) keep_top_p(options.top_p);
        if (options.min_p > 0) keep_min_p(options.min_p);
        if (options.typical_p > 0 && options.typical_p < 1) keep_typical(options.typical_p);
    }

    // The token at which the running sum of the weights exceeds this share of their total.
    int32_t draw(double uniform) {
        const int64_t blocks = (count_ + draw_block - 1) / draw_block;
        double* sums = block_sums_.reserve(blocks);
        double total = 0;
        for (int64_t i = 0; i < blocks; ++i) {
            sums[i] = sum(weights_ + i * draw_block, std::min(draw_block, count_ - i * draw_block));
            total += sums[i];
        }
        const double target = std::min(uniform * total, std::nextafter(total, 0.0));
        double reached = 0;
        int64_t block = 0;
        while (block < blocks - 1 && reached + sums[block] <= target) reached += sums[block++];
        return draw_in(block * draw_block, reached, target);
    }

private:
    static constexpr int64_t draw_block = 256;
    static constexpr int64_t likeliest = 256;  // top_p looks at about as many first

    // Scores are natural logarithms of weights: 0 for the likeliest, negative for the others.
    double score(float logit) const { return (static_cast<double>(logit) - row_->maximum()) / temperature_; }

    void gather_top_k(int64_t k) {
        float least;
        if (k > row_->blocks() / 2) {
            least = row_->exactly_reached_by(k);
            count_ = row_->collect(least, ids_);
        } else {
            count_ = row_->collect(row_->reached_by(k), ids_);
            least = row_->largest_of(ids_, count_, k);
            keep_ids([&](int32_t id) { return (*row_)[id] >= least; });
        }
        const double bound = score(least);
        // Scores may be equal where logits were not: among huge logits, or when a tiny temperature makes them infinite.
        if (score(std::nextafter(least, -INFINITY)) >= bound) {
            list_all();
            keep_ids([&](int32_t id) { return score((*row_)[id]) >= bound; });
        }
        weigh();
    }

    // A superset of what min_p keeps, found without an exp for every token.
    void gather_likelier_than(double share) {
        const double bound = row_->maximum() + (std::log(share) - 1e-9) * temperature_;
        count_ = row_->collect(std::nextafter(static_cast<float>(bound), -INFINITY), ids_);
        weigh();
    }

    void gather_all() {
        list_all();
        weigh();
    }

    void list_all() {
        count_ = row_->size();
        for (int64_t i = 0; i < count_; ++i) ids_[i] = static_cast<int32_t>(i);
    }

    void weigh() {
        scores_ = score_memory_.reserve(count_);
        weights_ = weight_memory_.reserve(count_);
        const float* logits = row_->values();
        const double maximum = row_->maximum();
        const double temperature = temperature_;
        if (count_ == row_->size()) {
            for (int64_t i = 0; i < count_; ++i) scores_[i] = (logits[i] - maximum) / temperature;
        } else {
            for (int64_t i = 0; i < count_; ++i) scores_[i] = score(logits[ids_[i]]);
        }
        for (int64_t i = 0; i < count_; ++i) weights_[i] = exp_nonpositive(scores_[i]);
    }

    // The likeliest up to and with the one that crosses p; of equals the higher ids first.
    void keep_top_p(double p) {
        const double target = p * sum(weights_, count_);
        if (count_ == row_->size() && keep_top_p_of_likeliest(target)) return;
        uint64_t* keys = key_memory_.reserve(count_);
        for (int64_t i = 0; i < count_; ++i) keys[i] = Massive::key_of(-scores_[i]);
        const Massive last = selection_.select(keys, weights_, count_, target);
        keep([=](int64_t i) { return (keys[i] < last.key) | ((keys[i] == last.key) & (i >= last.index)); });
    }

    // Of every token: true when the likeliest few settle it.
    bool keep_top_p_of_likeliest(double target) {
        const int64_t wanted = std::min(likeliest, row_->blocks() / 2);
        if (wanted == 0) return false;
        const float bound = row_->reached_by(wanted);
        int32_t* ids = likely_memory_.reserve(count_);
        const int64_t count = row_->collect(bound, ids);
        Massive* among = among_.reserve(count);
        double reached = 0;
        for (int64_t i = 0; i < count; ++i) {
            among[i] = {Massive::key_of(-scores_[ids[i]]), weights_[ids[i]], ids[i]};
            reached += among[i].mass;
        }
        if (reached < target) return false;
        const Massive last = select_among(among, count, 0, target);
        // Tokens that were not collected may be as likely as the bound, but no likelier.
        if (last.key >= Massive::key_of(-score(bound))) return false;
        std::copy_n(ids, count, ids_);
        count_ = count;
        keep_ids([&](int32_t id) { return !(last < Massive{Massive::key_of(-scores_[id]), 0, id}); });
        for (int64_t i = 0; i < count_; ++i) scores_[i] = scores_[ids_[i]];
        for (int64_t i = 0; i < count_; ++i) weights_[i] = weights_[ids_[i]];
        return true;
    }

    void keep_min_p(double share) {
        const double* weights = weights_;
        keep([=](int64_t i) { return weights[i] >= share; });
    }

    // The tokens whose surprise is closest to the expected one, up to and with the one that crosses p.
    void keep_typical(double p) {
        const double total = sum(weights_, count_);
        const double log_total = std::log(total);
        double* terms = term_memory_.reserve(count_);
        for (int64_t i = 0; i < count_; ++i) {
            const double term = weights_[i] * (scores_[i] - log_total);
            terms[i] = weights_[i] > 0 ? term : 0.0;  // 0 times infinity counts as 0
        }
        const double entropy = -sum(terms, count_) / total;
        uint64_t* keys = key_memory_.reserve(count_);
        for (int64_t i = 0; i < count_; ++i) {
            keys[i] = Massive::key_of(std::abs((log_total - scores_[i]) - entropy));
        }
        const Massive last = selection_.select(keys, weights_, count_, p * total);
        keep([=](int64_t i) { return keys[i] <= last.key; });
    }

    // What is not kept stays in its place without weight: moving the others together would take longer.
    template <typename Kept>
    void keep(Kept kept) {
        double* scores = scores_;
        double* weights = weights_;
        for (int64_t i = 0; i < count_; ++i) {
            const bool stays = kept(i);
            scores[i] = stays ? scores[i] : -INFINITY;
            weights[i] = stays ? weights[i] : 0.0;
        }
    }

    template <typename Kept>
    void keep_ids(Kept kept) {
        int64_t left = 0;
        for (int64_t i = 0; i < count_; ++i) {
            const int32_t id = ids_[i];
            ids_[left] = id;
            left += kept(id);
        }
        count_ = left;
    }

    // Rounding may leave the sum a little short of the target; then it is the last token that has a weight.
    int32_t draw_in(int64_t start, double reached, double target) {
        for (int64_t i = start; i < count_; ++i) {
            reached += weights_[i];
            if (reached > target) return ids_[i];
        }
        int64_t last = count_ - 1;
        while (last > 0 && weights_[last] == 0) --last;
        return ids_[last];
    }

    LogitRow* row_ = nullptr;
    double temperature_ = 1;
    int64_t count_ = 0;
    int32_t* ids_ = nullptr;
    double* scores_ = nullptr;
    double* weights_ = nullptr;
    Buffer<int32_t> id_memory_;
    Buffer<int32_t> likely_memory_;
    Buffer<double> score_memory_;
    Buffer<double> weight_memory_;
    Buffer<double> term_memory_;
    Buffer<double> block_sums_;
    Buffer<uint64_t> key_memory_;
    Buffer<Massive> among_;
    MassSelection selection_;
};

}  // namespace inkling
