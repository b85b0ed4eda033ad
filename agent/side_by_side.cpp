#include "agent/side_by_side.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace agent {

void side_by_side(std::uint32_t workers, std::size_t jobs, const std::stop_token& stop,
                  const std::function<std::function<void(std::size_t, const std::stop_token&)>(std::uint32_t)>& begin) {
  std::stop_source given_up;
  const std::stop_callback also{stop, [&] { given_up.request_stop(); }};
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;  // protected by mutex
  const auto work = [&](std::uint32_t worker) {
    try {
      const auto run = begin(worker);
      while (!given_up.stop_requested()) {
        const std::size_t job = next++;
        if (job >= jobs) return;
        run(job, given_up.get_token());
      }
    } catch (...) {
      const std::lock_guard lock{mutex};
      if (!failure) failure = std::current_exception();
      given_up.request_stop();
    }
  };
  {
    std::vector<std::jthread> threads;
    const auto count = std::min<std::size_t>(std::max(workers, 1U), jobs);
    for (std::uint32_t worker = 0; worker < count; ++worker) threads.emplace_back(work, worker);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace agent
