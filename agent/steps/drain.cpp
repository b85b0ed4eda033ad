#include "agent/steps/drain.hpp"

#include <chrono>

#include "agent/ledger_query.hpp"
#include "agent/supervisor.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"
#include "replication/marker.hpp"

namespace agent::steps {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kDrainLimit{60};
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

json Drain::run() {
  const core::Lsn marker = replication::emit_marker(site_.source, "cutover").message_lsn;
  if (site_.is_agent_running()) {
    wait_for_agent(marker);
  } else if (supervise(site_.config,
                       {.tables = {},
                        .needs_finished_snapshot = true,
                        .streams = true,
                        .until_lsn = marker,
                        .is_quiet = true},
                       site_.stop)
                 .was_stopped) {
    throw Site::interrupted();
  }
  fence_.require_unbroken();
  return {{"marker_lsn", marker.to_string()}};
}

void Drain::wait_for_agent(core::Lsn marker) {
  const auto give_up = Clock::now() + kDrainLimit;
  for (;;) {
    const auto checkpoint = find_checkpoint(site_.target, site_.config.target.ledger_schema, site_.config.source.slot);
    if (checkpoint && checkpoint->applied > marker) return;
    if (!core::pause(kLook, site_.stop)) throw Site::interrupted();
    if (Clock::now() < give_up) continue;
    throw Error(ErrorKind::Refused, "what was written before the fence does not arrive in time")
        .with("marker_lsn", marker.to_string())
        .with("applied_lsn", checkpoint ? checkpoint->applied.to_string() : "none")
        .remedy("see `agent status` and the log of the running agent for what keeps it");
  }
}

}  // namespace agent::steps
