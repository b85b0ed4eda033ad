#include "agent/slot_watch.hpp"

#include <spdlog/spdlog.h>

#include <memory>
#include <string_view>

#include "core/error.hpp"
#include "core/pause.hpp"
#include "core/thread_name.hpp"
#include "replication/slot_health.hpp"

namespace agent {

namespace {

constexpr std::chrono::seconds kLook{5};
constexpr std::chrono::hours kNear{1};

/// What keeps the log, and what to do about it.
struct Cause {
  std::string_view what;
  std::string_view remedy;
};

Cause cause_of(const replication::SlotHealth& health) {
  if (health.is_held_back()) {
    return {"an open transaction on the source",
            "end it (pg_stat_activity has it, by xact_start; pg_prepared_xacts if it is prepared)"};
  }
  return {"the agent is behind: it copies, or the target takes less than the source writes",
          "look at what the target waits for (locks, disk, processors)"};
}

}  // namespace

SlotWatch::SlotWatch(const Environment& environment)
    : environment_(environment), warn_below_(kNear), thread_([this](const std::stop_token& stop) { run(stop); }) {}

std::optional<std::chrono::seconds> SlotWatch::lost_in() const {
  const std::lock_guard lock{mutex_};
  return forecast_.lost_in();
}

void SlotWatch::run(const std::stop_token& stop) {
  core::name_thread("slot watch");
  std::unique_ptr<pg::Session> source;
  do {
    try {
      if (!source || source->is_broken()) source = std::make_unique<pg::Session>(environment_.source, "slot-watch");
      look(*source);
    } catch (const core::Error& error) {
      source.reset();
      spdlog::debug("no look at the slot: {}", error.what());
    }
  } while (core::pause(kLook, stop));
}

void SlotWatch::look(pg::Session& source) {
  const auto health = replication::read_slot_health(source, environment_.config.source.slot);
  if (!health) return;
  {
    const std::lock_guard lock{mutex_};
    forecast_.look(*health, replication::SlotForecast::Clock::now());
  }
  const auto soon = lost_in();
  if (!soon || *soon > kNear) {
    warn_below_ = kNear;
  } else if (*soon <= warn_below_) {
    warn(*health, *soon);
    warn_below_ = *soon / 2;
  }
}

void SlotWatch::warn(const replication::SlotHealth& health, std::chrono::seconds lost_in) {
  const Cause cause = cause_of(health);
  spdlog::warn(
      "the source will give up the slot if it goes on like this, and everything must be copied anew then slot={} "
      "lost_in_s={} "
      "safe_wal_bytes={} kept_wal_bytes={} cause=\"{}\"; remedy: raise max_slot_wal_keep_size on the source and "
      "reload; "
      "then {}",
      health.name, lost_in.count(), health.safe_wal_size.value_or(0), health.retained_bytes.value_or(0), cause.what,
      cause.remedy);
}

}  // namespace agent
