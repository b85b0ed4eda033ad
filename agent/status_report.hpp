#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/lsn.hpp"
#include "core/row_status.hpp"
#include "cutover/journal.hpp"
#include "mapping/plan.hpp"
#include "state/store.hpp"

namespace agent {

/// What the agent is doing.
enum class Phase : std::uint8_t { Snapshot, Streaming, Stopped, Cutover, Done };

/// One answer to "how far is it?": what `agent status` prints, the control socket and HTTP answer, and metrics are made of.
struct StatusReport {
  struct Slot {
    std::string name;
    std::string
        wal_status;  ///< as pg_replication_slots has it; `missing` when there is no such slot, empty when unknown
    std::int64_t safe_wal_size =
        0;  ///< bytes that may still be written before the slot is lost; 0 when there is no limit
    /// Until it is lost if the source goes on writing as it did, as a running agent sees it; nothing when that is in no danger or unknown.
    std::optional<std::int64_t> lost_in_seconds = {};
  };
  struct Route {
    std::string name;
    std::string from;
    std::string to;
    core::RouteCounters counters;
    bool is_snapshot_done = false;
  };

  Phase phase = Phase::Stopped;
  core::Lsn source_lsn;   ///< what the source has flushed; 0/0 when it could not be asked
  core::Lsn applied_lsn;  ///< everything before it is on the target; never a position that is only received
  /// Age of the oldest commit that is not applied yet; of a stopped agent that is behind, since its checkpoint moved last.
  double lag_seconds = 0;
  /// For how long nothing was heard from a source that may have written since; 0: it answers. It is then what is known of the lag, too.
  double unheard_seconds = 0;
  Slot slot;
  /// Transactions since the start that the source has not made itself but received by replication, by the name of their origin.
  std::map<std::string, std::uint64_t> origins;
  std::vector<Route> routes;
  std::string fenced_since = {};      ///< since when a cutover keeps writers from the source; empty while none does
  std::string snapshot_failure = {};  ///< why the last snapshot gave up; empty unless it did, and none has begun since

  /// Bytes between the two positions; 0 when either is unknown.
  [[nodiscard]] std::uint64_t lag_bytes() const;
  /// Whether read = applied + filtered + parked + quarantined on every route.
  [[nodiscard]] bool is_balanced() const;
};

[[nodiscard]] std::string_view to_string(Phase phase);

/// The JSON shape that scripts rely on (docs/operations.md). from_json throws Error(State) when it is another.
[[nodiscard]] nlohmann::ordered_json to_json(const StatusReport& report);
[[nodiscard]] StatusReport status_from_json(const nlohmann::json& json);
/// The same for people: a headline, the slot, a table of routes. Ends with a newline.
[[nodiscard]] std::string to_text(const StatusReport& report);

/// What the ledger knows of a cutover: the phase, and since when the source takes no writes.
void add_cutover(StatusReport& report, const std::optional<cutover::Run>& run);

/// The routes of a plan with zero counters: of an agent that has not started yet.
[[nodiscard]] std::vector<StatusReport::Route> routes_of(const mapping::Plan& plan);
/// The routes with the counters of the store, and whether every chunk of the route's table is finished.
[[nodiscard]] std::vector<StatusReport::Route> routes_of(const mapping::Plan& plan, const state::Store& store);
/// Adds target rows that could not be removed, counted by route as in the plan: as rows that are still read, and quarantined.
void add_unremoved(std::vector<StatusReport::Route>& routes, const std::vector<std::int64_t>& unremoved);

}  // namespace agent
