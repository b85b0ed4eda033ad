#include "agent/moment.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "agent/control_socket.hpp"
#include "agent/fence_request.hpp"
#include "agent/supervisor.hpp"
#include "core/backoff.hpp"
#include "core/error.hpp"
#include "core/time_limit.hpp"
#include "pg/write_transactions.hpp"
#include "replication/marker.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;
using Clock = std::chrono::steady_clock;

// What of a lease the creation of a slot may take; the rest is for what comes before and after it.
constexpr std::chrono::milliseconds kMostForSlot{600};
constexpr std::chrono::milliseconds kPoll{10};
// Without an agent nobody is held up.
constexpr std::chrono::seconds kMostWithoutAgent{600};
// The agent went, or another process came, again and again: somebody else is at work.
constexpr int kMostMomentFailures = 8;

/// Waits, unless stopped first. False when stopped.
bool wait(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any stopped;
  stopped.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

/// Until those that write now have ended, but not for ever: one that cannot be seen may be what matters.
bool wait_for_writers(pg::Session& source, const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kInterval{200};
  std::vector<std::string> before = pg::write_transactions(source);
  do {
    if (!wait(kInterval, stop)) return false;
    const std::vector<std::string> now = pg::write_transactions(source);
    std::erase_if(before, [&](const std::string& one) { return std::ranges::find(now, one) == now.end(); });
  } while (!before.empty());
  return true;
}

void take_target_snapshot(Moment& moment) {
  moment.target->exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  moment.target_snapshot = moment.target->exec("SELECT pg_catalog.pg_export_snapshot()").text(0, 0);
}

/// Behind the fence nobody writes, so that nobody is waited for: neither a transaction of another database, which would keep the source closed for
/// as long as it lasts, nor one of this database. Whoever writes all the same is found by the cutover's witness.
std::unique_ptr<pg::ExportedSnapshot> source_snapshot(const Environment& environment, bool is_fenced,
                                                      std::chrono::milliseconds most,
                                                      const pg::ExportedSnapshot::Waiting& waiting) {
  return std::make_unique<pg::ExportedSnapshot>(
      is_fenced ? pg::ExportedSnapshot::of_quiet_database(environment.source)
                : pg::ExportedSnapshot::temporary(environment.source, most, waiting));
}

/// Everything is connected before the agent is asked to stand still.
class Beside {
 public:
  Beside(const Environment& environment, bool is_fenced, const std::stop_token& stop)
      : environment_(environment),
        is_fenced_(is_fenced),
        stop_(stop),
        fence_(environment.config.state_dir, "validate-" + std::to_string(getpid())),
        source_(environment.source, "validate-marker") {}

  std::unique_ptr<Moment> find() {
    while (!stop_.stop_requested()) {
      auto moment = std::make_unique<Moment>();
      moment->is_beside_agent = true;
      moment->target = std::make_unique<pg::Session>(environment_.target, "validate-snapshot");
      if (!fence_.hold()) {
        // A large transaction under way, or another validation.
        spdlog::info("the agent does not come to a boundary between two transactions: asking again");
        wait(kPause, stop_);
        continue;
      }
      if (!take_source_snapshot(*moment)) continue;
      moment->lsn = moment->source->consistent_point();
      // It moves a quiet source past that position.
      static_cast<void>(replication::emit_marker(source_, "validate"));
      if (!fence_.let_go_to(moment->lsn) || !arrive()) continue;
      take_target_snapshot(*moment);
      if (fence_.release()) return moment;
      spdlog::warn("looking at both databases took longer than the agent stands still for: again");
    }
    return nullptr;
  }

 private:
  static constexpr std::chrono::milliseconds kPause{200};

  bool take_source_snapshot(Moment& moment) {
    try {
      moment.source = source_snapshot(environment_, is_fenced_, kMostForSlot, {});
      return true;
    } catch (const Error& error) {
      fence_.release();
      if (!error.is_transient() || error.context("blocker").empty()) throw;
      // The agent goes on while whoever is in the way comes to an end.
      spdlog::warn("a snapshot of the source has to wait for {}; trying again when that has ended",
                   std::string{error.context("blocker")});
      wait_for_writers(source_, stop_);
      return false;
    }
  }

  /// True when the agent stands there.
  bool arrive() {
    while (!stop_.stop_requested()) {
      switch (fence_.state()) {
        case Fence::State::Standing: return true;
        case Fence::State::Gone: return false;
        case Fence::State::Going: wait(kPoll, stop_);
      }
    }
    fence_.release();
    return false;
  }

  const Environment& environment_;
  const bool is_fenced_;
  const std::stop_token& stop_;
  RemoteFence fence_;
  pg::Session source_;
};

std::unique_ptr<Moment> find_alone(const Environment& environment, bool is_fenced, const std::stop_token& stop) {
  auto moment = std::make_unique<Moment>();
  pg::Session source{environment.source, "validate-marker"};
  moment->target = std::make_unique<pg::Session>(environment.target, "validate-snapshot");
  const Goal::Meeting meeting{.choose =
                                  [&] {
                                    moment->source = source_snapshot(
                                        environment, is_fenced, kMostWithoutAgent, [](const std::string& blocker) {
                                          spdlog::warn("a snapshot of the source has to wait for {}", blocker);
                                        });
                                    static_cast<void>(replication::emit_marker(source, "validate"));
                                    return moment->source->consistent_point();
                                  },
                              .reached = [&] { take_target_snapshot(*moment); }};
  const Outcome outcome = supervise(environment.config,
                                    {.tables = {},
                                     .needs_finished_snapshot = true,
                                     .streams = true,
                                     .until_lsn = {},
                                     .meeting = meeting,
                                     .is_quiet = true},
                                    stop);
  if (outcome.was_stopped) return nullptr;
  moment->lsn = moment->source->consistent_point();
  return moment;
}

std::unique_ptr<Moment> search(const Environment& environment, bool is_fenced, const std::stop_token& stop) {
  core::Backoff backoff{std::chrono::milliseconds{200}, std::chrono::seconds{5}, 1};
  for (int failures = 1; !stop.stop_requested(); ++failures) {
    try {
      const auto status = ask_agent(environment.config.state_dir, {{"command", "status"}});
      return status ? Beside{environment, is_fenced, stop}.find() : find_alone(environment, is_fenced, stop);
    } catch (const Error& error) {
      // An agent that goes, or comes, in between is met in its new state.
      // Who holds the directory and does not answer was waited for already.
      const bool is_held = !error.context("pid").empty();
      const bool may_pass = !is_held && (error.is_transient() || error.kind() == ErrorKind::State);
      if (!may_pass || failures == kMostMomentFailures || stop.stop_requested()) throw;
      const auto pause = backoff.next();
      spdlog::warn("no common moment of both databases yet, trying again wait_ms={}: {}", pause.count(), error.what());
      wait(pause, stop);
    }
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<Moment> find_moment(const Environment& environment,
                                    const std::optional<std::chrono::milliseconds>& fenced,
                                    const std::stop_token& stop) {
  if (!fenced) return search(environment, false, stop);
  const core::TimeLimit limit{*fenced, stop};
  const std::stop_token in_time = limit.token();
  try {
    auto moment = search(environment, true, in_time);
    if (moment != nullptr || stop.stop_requested()) return moment;
  } catch (const Error&) {
    // What broke off when the time was over says less than that it was.
    if (!in_time.stop_requested() || stop.stop_requested()) throw;
  }
  throw Error(ErrorKind::Refused, "source and target did not come to a common moment in time, behind the fence")
      .with("waited_ms", std::to_string(fenced->count()))
      .remedy(
          "see the lines above and `agent status` for what keeps the sync from going on (locks on the target, another "
          "`agent validate`), or raise cutover.drain_timeout; then run `agent cutover` again");
}

}  // namespace agent
