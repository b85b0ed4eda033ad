#include "agent/cutover_readiness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/control_socket.hpp"
#include "agent/fence_settings.hpp"
#include "agent/ledger_query.hpp"
#include "agent/mapping_change.hpp"
#include "agent/quarantine_ledger.hpp"
#include "agent/status_report.hpp"
#include "agent/stopped_status.hpp"
#include "agent/validation.hpp"
#include "agent/validation_record.hpp"

namespace agent {

namespace {

// Beyond this nobody would read them one by one anyway.
constexpr std::size_t kMostAccepted = 1'000'000;

StatusReport read_status(const Config& config) {
  const auto answer = ask_agent(config.state_dir, {{"command", "status"}});
  return answer ? status_from_json(*answer) : read_stopped_status(config);
}

}  // namespace

std::vector<std::string> cutover_obstacles(const Config& config, const Environment& environment, pg::Session& source,
                                           pg::Session& target) {
  std::vector<std::string> obstacles;
  const auto checkpoint = find_checkpoint(target, config.target.ledger_schema, config.source.slot);
  if (!checkpoint) return {"nothing was copied yet: run `agent run`"};
  if (const MappingChange change = mapping_change(environment.plan, checkpoint->mapping); !change.is_empty()) {
    obstacles.push_back("the mapping has changed (" + change.describe() +
                        "): restart the agent, which compares these routes");
  }
  const StatusReport status = read_status(config);
  std::int64_t parked = 0;
  for (const StatusReport::Route& route : status.routes) {
    if (!route.is_snapshot_done) {
      obstacles.push_back("the snapshot of route " + route.name + " is not finished: `agent run` finishes it");
    }
    parked += route.counters.parked;
  }
  if (!status.is_balanced()) obstacles.emplace_back("the counters do not add up: run `agent validate`");
  // What is still to come is waited for with the source fenced.
  const std::chrono::duration<double> max_lag = config.cutover.max_lag;
  if (status.lag_seconds > max_lag.count()) {
    obstacles.push_back(
        fmt::format("the target is {:.0f} s behind, more than {:g} s (cutover.max_lag): wait, and see `agent status`",
                    status.lag_seconds, max_lag.count()));
  }
  if (const std::int64_t count = count_quarantine(target, config.target.ledger_schema, {}); count > 0) {
    obstacles.push_back(
        fmt::format("{} rows are quarantined: see `agent quarantine list`; retry them, or accept them with `agent "
                    "quarantine discard`",
                    count));
  }
  const auto given_up = read_accepted(target, config.target.ledger_schema, "", kMostAccepted);
  const std::int64_t accepted = std::ranges::count(given_up, "park", &AcceptedRow::operation);
  if (parked > accepted) {
    obstacles.push_back(
        fmt::format("{} rows wait for a parent ({} accepted): see `agent quarantine list`; accept them with `agent "
                    "quarantine discard`",
                    parked, accepted));
  }
  const auto validation =
      last_whole_validation(target, config.target.ledger_schema, finding_origin(environment, checkpoint->applied));
  if (const std::string obstacle = validation_obstacle(validation); !obstacle.empty()) obstacles.push_back(obstacle);
  cutover::SourceFence fence{source, fence_settings(environment)};
  if (std::string obstacle = fence.obstacle(); !obstacle.empty()) obstacles.push_back(std::move(obstacle));
  return obstacles;
}

}  // namespace agent
