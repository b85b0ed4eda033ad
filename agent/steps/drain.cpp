#include "agent/steps/drain.hpp"

#include <chrono>

#include "agent/ledger_query.hpp"
#include "agent/steps/running_agent.hpp"
#include "agent/supervisor.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"
#include "core/time_limit.hpp"
#include "replication/marker.hpp"

namespace agent::steps {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kMarkerLook{20};
constexpr std::chrono::milliseconds kAgentLook{250};

}  // namespace

json Drain::run() {
  const core::Lsn marker = replication::emit_marker(site_.source, "cutover").message_lsn;
  const auto give_up = Clock::now() + site_.config.cutover.drain_timeout;
  auto next_look = Clock::now();
  while (!has_arrived(marker)) {
    // One that dies meanwhile, or is stopped, is no loss.
    if (Clock::now() >= next_look) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up - Clock::now());
      if (!is_agent_running(site_) && stream_here(marker, left)) break;
      next_look = Clock::now() + kAgentLook;
    }
    if (!core::pause(kMarkerLook, site_.stop)) throw Site::interrupted();
    if (Clock::now() < give_up) continue;
    throw Error(ErrorKind::Refused, "what was written before the fence does not arrive in time")
        .with("marker_lsn", marker.to_string())
        .with("waited_ms", std::to_string(site_.config.cutover.drain_timeout.count()))
        .remedy(
            "see `agent status` and the log of the running agent for what keeps it, or raise cutover.drain_timeout");
  }
  fence_.require_unbroken();
  return {{"marker_lsn", marker.to_string()}};
}

bool Drain::has_arrived(core::Lsn marker) {
  const auto checkpoint = find_checkpoint(site_.target, site_.config.target.ledger_schema, site_.config.source.slot);
  return checkpoint && checkpoint->applied > marker;
}

bool Drain::stream_here(core::Lsn marker, std::chrono::milliseconds limit) {
  const core::TimeLimit in_time{limit, site_.stop};
  try {
    const Outcome outcome = supervise(
        site_.config,
        {.tables = {}, .needs_finished_snapshot = true, .streams = true, .until_lsn = marker, .is_quiet = true},
        in_time.token());
    if (outcome.was_stopped) site_.require_not_stopped();
    return !outcome.was_stopped;
  } catch (const Error& error) {
    const bool is_late = in_time.token().stop_requested() && !site_.stop.stop_requested();
    if (!error.is_transient() || !(is_late || error.kind() == ErrorKind::State)) throw;
    return false;
  }
}

}  // namespace agent::steps
