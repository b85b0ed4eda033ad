#include "agent/side_by_side.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/backoff.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"
#include "core/thread_name.hpp"
#include "pg/exported_snapshot.hpp"

namespace agent {

namespace {

// How often a worker begins one job.
constexpr int kMostPairTries = 4;

}  // namespace

void side_by_side(std::uint32_t workers, std::size_t jobs, const std::stop_token& stop, const SideWorker& begin) {
  std::stop_source given_up;
  const std::stop_callback also{stop, [&] { given_up.request_stop(); }};
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;  // protected by mutex
  const auto work = [&](std::uint32_t worker) {
    try {
      core::name_thread(fmt::format("worker-{}", worker));
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

SideWorker begun_again_when_lost(std::string what, SideWorker begin) {
  return [what = std::move(what), begin = std::move(begin)](std::uint32_t number) -> SideJob {
    return [=, run = SideJob{}](std::size_t job, const std::stop_token& stop) mutable {
      core::Backoff backoff{std::chrono::milliseconds{200}, std::chrono::seconds{5}, job};
      for (int attempt = 1;; ++attempt) {
        try {
          if (!run) run = begin(number);
          return run(job, stop);
        } catch (const core::Error& error) {
          run = nullptr;
          if (!error.is_transient() || pg::is_snapshot_gone(error) || attempt == kMostPairTries) throw;
          const auto pause = backoff.next();
          spdlog::warn("{} failed and is done again wait_ms={}: {}", what, pause.count(), error.what());
          if (!core::pause(pause, stop)) throw;
        }
      }
    };
  };
}

}  // namespace agent
