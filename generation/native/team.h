// Threads that go through the same steps together and share each step's pieces.
//
// Whoever comes first takes the next piece, so a thread that the machine has put to sleep delays the others by the piece
// in its hands only. A piece is computed wholly by one thread in a fixed order: results don't depend on who took it.
#pragma once

#include <sched.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "simd.h"
#include "threads.h"

namespace inkling {

class Team;

// One thread's way through a round.
class Member {
 public:
  Member(Team& team, int index) : team_(team), index_(index) {}

  int index() const { return index_; }

  // Call `work(piece)` for each of `count` pieces, on some thread; returns when all are done.
  template <class Work>
  void share(int count, Work work);

 private:
  friend class Team;
  void begin(uint32_t round) {
    round_ = round;
    step_ = 0;
    late_ = false;
  }

  Team& team_;
  int index_;
  uint32_t round_ = 0;
  int step_ = 0;
  bool late_ = false;
};

class Team {
 public:
  // Of fewer threads where the machine gives no more.
  Team(int size, int most_steps)
      : steps_(most_steps),
        take_rows_([this](Member& member) { take_rows(member); }),
        leader_(*this, 0),
        threads_(start_threads(size - 1, [this](int index) { follow(index); })) {}

  ~Team() {
    closing_.store(true);
    round_.fetch_add(1);
    round_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  // Every thread runs `body`; returns when all pieces are done. `body` may still be entered by a late thread, which
  // then finds nothing left to do: it and what it reads must live as long as the team.
  void run(const std::function<void(Member&)>& body) {
    body_ = &body;
    const uint32_t round = round_.load(std::memory_order_relaxed) + 1;
    leader_.begin(round);
    round_.store(round, std::memory_order_release);
    round_.notify_all();
    body(leader_);
    // Before the caller writes what the next round reads: whoever is late now must not mistake it for this round's.
    closed_.store(round, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }

  // `work(row)` for each of them, on some thread; returns when all are done. False when one threw.
  bool run_rows(int rows, const std::function<void(int)>& work) {
    work_ = &work;
    rows_.store(rows, std::memory_order_relaxed);
    failed_.store(false, std::memory_order_relaxed);
    run(take_rows_);
    return !failed_.load(std::memory_order_relaxed);
  }

 private:
  friend class Member;

  // `taken` and `done` hold the round in their upper half: what an earlier round left counts as nothing.
  struct alignas(64) Step {
    std::atomic<uint64_t> taken{0};
    alignas(64) std::atomic<uint64_t> done{0};
  };

  void follow(int index) {
    Member member(*this, index);
    uint32_t seen = 0;
    while (true) {
      await(seen);
      seen = round_.load(std::memory_order_acquire);
      if (closing_.load()) return;
      member.begin(seen);
      (*body_)(member);
    }
  }

  // Spins for about as long as the engine thinks between two rounds, then sleeps.
  void await(uint32_t seen) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
    while (round_.load(std::memory_order_acquire) == seen) {
      for (int count = 0; count < 16; ++count) relax();
      if (std::chrono::steady_clock::now() > until) {
        round_.wait(seen, std::memory_order_acquire);
        return;
      }
    }
  }

  void take_rows(Member& member) {
    member.share(rows_.load(std::memory_order_relaxed), [this](int row) {
      try {
        (*work_)(row);
      } catch (...) {
        failed_.store(true, std::memory_order_relaxed);
      }
    });
  }

  std::vector<Step> steps_;
  // Of `run_rows`. `work_` is read in pieces only, so not by a thread that is late.
  const std::function<void(Member&)> take_rows_;
  const std::function<void(int)>* work_ = nullptr;
  std::atomic<int> rows_{0};
  std::atomic<bool> failed_{false};
  std::atomic<uint32_t> round_{0}, closed_{0};
  std::atomic<bool> closing_{false};
  std::atomic<const std::function<void(Member&)>*> body_{nullptr};
  Member leader_;
  std::vector<std::thread> threads_;
};

// Of two states of a step. Rounds are counted in 32 bits and begin anew after the last, so only distances tell.
inline bool is_before(uint64_t state, uint64_t other) { return static_cast<int64_t>(state - other) < 0; }

template <class Work>
void Member::share(int count, Work work) {
  std::atomic_thread_fence(std::memory_order_acquire);
  late_ = late_ || static_cast<int32_t>(team_.closed_.load(std::memory_order_relaxed) - round_) >= 0;
  if (late_ || count == 0) return;
  Team::Step& step = team_.steps_[step_++];
  const uint64_t base = static_cast<uint64_t>(round_) << 32;
  uint64_t mine = 0;
  uint64_t seen = step.taken.load(std::memory_order_relaxed);
  while (true) {
    if (static_cast<int32_t>((seen >> 32) - round_) > 0) {
      late_ = true;
      return;
    }
    const uint64_t from = is_before(seen, base) ? base : seen;
    const int piece = static_cast<int>(from - base);
    if (piece >= count) break;
    if (!step.taken.compare_exchange_weak(seen, from + 1, std::memory_order_relaxed)) continue;
    work(piece);
    ++mine;
    seen = step.taken.load(std::memory_order_relaxed);
  }
  if (mine) {
    uint64_t done = step.done.load(std::memory_order_relaxed);
    while (!step.done.compare_exchange_weak(done, (is_before(done, base) ? base : done) + mine, std::memory_order_release)) {
    }
  }
  for (int spins = 0; is_before(step.done.load(std::memory_order_acquire), base + count); ++spins) {
    if (spins < 2000) relax();
    else sched_yield();
  }
}

// `work(row)` for each of them, shared where there is a team and something to share. False when one threw.
template <class Work>
bool for_each_row(Team* team, int64_t rows, Work work) {
  if (team && rows > 1) return team->run_rows(static_cast<int>(rows), work);
  try {
    for (int64_t row = 0; row < rows; ++row) work(row);
  } catch (...) {
    return false;
  }
  return true;
}

}  // namespace inkling
