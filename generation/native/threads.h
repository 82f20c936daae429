// Starting threads where the machine may not give as many as one would like.
#pragma once

#include <system_error>
#include <thread>
#include <vector>

namespace inkling {

// `work(index)` on threads of its own, indexes from 1; fewer than `count` where there may be no more. They are to be joined.
template <class Work>
std::vector<std::thread> start_threads(int count, Work work) {
  std::vector<std::thread> threads;
  threads.reserve(count > 0 ? count : 0);
  try {
    for (int index = 1; index <= count; ++index) threads.emplace_back(work, index);
  } catch (const std::system_error&) {
    // The others do what these would have done.
  }
  return threads;
}

}  // namespace inkling
