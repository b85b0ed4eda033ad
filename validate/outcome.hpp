#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/lsn.hpp"
#include "core/row_status.hpp"
#include "validate/checksum.hpp"
#include "validate/finding.hpp"

/// What a validation found, as values: everything that is printed, reported and repaired is made of these.
namespace validate {

/// One route. Every source row that it reads is accounted for once:
///
///   read = matched + different + missing + shared + filtered + parked + quarantined + accepted
///
/// and so is every row of the target table (of several routes into one table, `foreign` and `kept` are counted with the first):
///
///   rows there = matched + different + extra + foreign + kept
struct RouteOutcome {
  std::string name = {};
  std::string from = {};  ///< source table
  std::string to = {};    ///< target table

  std::int64_t read = 0;       ///< rows of the source table
  std::int64_t matched = 0;    ///< expected, and equal on the target
  std::int64_t different = 0;  ///< expected, and there with other values
  std::int64_t missing = 0;    ///< expected, and not there; not those that are parked, quarantined or accepted
  std::int64_t shared =
      0;  ///< of a route without an id: the row of a lower legacy key that maps to the same target row
  std::int64_t filtered = 0;     ///< kept out on purpose: `where`, `missing: filter`, a merged duplicate
  std::int64_t parked = 0;       ///< a parent is not on the target
  std::int64_t quarantined = 0;  ///< the target refused it, or its expressions fail
  std::int64_t accepted = 0;     ///< kept out, and an operator has accepted that (`agent quarantine discard`)
  std::int64_t would_pass = 0;   ///< of the quarantined: the target would take them today
  std::int64_t extra = 0;        ///< the agent's own target rows that the source does not mean
  std::int64_t unremoved = 0;    ///< of the extra: the target did not let them go, as the quarantine says
  std::int64_t foreign = 0;      ///< target rows that were not made by the agent
  std::int64_t kept = 0;         ///< target rows whose source row is gone, left by `on_delete: keep` or `set`

  /// Over the rows that are expected (source) and those found in their places, with the extra ones (target). Not with `is_counted_only`.
  Checksum source_checksum;
  Checksum target_checksum;

  std::vector<Finding> examples = {};  ///< the first of each kind, capped
  /// Numbers of rows without contents: `different` means nothing, and there are no checksums.
  bool is_counted_only = false;
  /// Why the route was not compared to its end; empty: it was. The numbers are then those until there.
  std::string not_checked = {};
  double seconds = 0;  ///< spent on it

  [[nodiscard]] std::int64_t expected() const { return matched + different + missing; }
  /// Rows that the source means to have on the target, refused and waiting ones included.
  [[nodiscard]] std::int64_t source_rows() const { return expected() + parked + quarantined; }
  /// The agent's own rows on the target.
  [[nodiscard]] std::int64_t target_rows() const { return matched + different + extra; }
  /// Every row that the source means is there and is right, and there are no others of the agent's.
  [[nodiscard]] bool match() const {
    return missing == 0 && different == 0 && extra == 0 && parked == 0 && quarantined == 0;
  }
  [[nodiscard]] bool is_complete() const { return not_checked.empty() && !is_counted_only; }
};

/// The rows of one `reconcile:` query, each value as text, NULL as no value; sorted, so that equal multisets are equal lists.
using ReconcileRows = std::vector<std::vector<std::optional<std::string>>>;

struct ReconcileOutcome {
  std::string name = {};
  std::vector<std::string> columns = {};  ///< of the source's query
  ReconcileRows source = {};
  ReconcileRows target = {};
  std::string not_checked = {};  ///< why a query was not run or not compared; empty: it was

  [[nodiscard]] bool match() const { return not_checked.empty() && source == target; }
};

/// A rule of the target's own that nothing enforced while rows were written.
struct IntegrityOutcome {
  enum class Rule : std::uint8_t {
    ForeignKey,  ///< rows refer to a row that is not there
    LegacyId,    ///< several rows of a target table carry one legacy key
    EntityUuid,  ///< a legacy key and a UUID are not one to one
  };
  Rule rule = Rule::ForeignKey;
  std::string table = {};
  std::string name = {};  ///< of the constraint, the column or the entity
  std::int64_t violations = 0;
  std::vector<std::string> examples = {};  ///< keys of rows, capped
  std::string not_checked = {};

  [[nodiscard]] bool match() const { return not_checked.empty() && violations == 0; }
};

[[nodiscard]] std::string_view to_string(IntegrityOutcome::Rule rule);

/// The agent's own counters of a route, which are not what the statuses of its rows come to. The rows themselves may be right: it is the agent that
/// has lost count.
struct CounterOutcome {
  std::string route = {};
  core::RouteCounters recorded;  ///< what `agent status` shows
  core::RouteCounters counted;   ///< the statuses, counted again
};

/// A row that is kept out, or a target row that is left, as an operator has accepted.
struct AcceptedRow {
  std::string route = {};
  std::string legacy_key = {};
  std::string kind = {};  ///< "upsert": refused; "park": without its parent; "delete": a target row that stays
  std::string at = {};
  std::string actor = {};
  std::string reason = {};
};

/// Something of what was asked for that nobody looked at. It never counts as equal.
struct NotChecked {
  std::string what = {};
  std::string why = {};
};

struct Outcome {
  core::Lsn
      lsn;  ///< both sides are compared as they were when everything committed before it, and nothing else, was there
  std::chrono::system_clock::time_point started_at;
  double seconds = 0;
  std::string agent_version = {};
  std::string source_version = {};  ///< of the server
  std::string target_version = {};
  std::string source_database = {};  ///< `dispatch at legacy.example:5432`
  std::string target_database = {};
  std::string actor = {};  ///< who ran it: `user@host`
  /// Source tables that were asked for; empty: all.
  std::vector<std::string> tables = {};
  bool is_counted_only = false;

  std::vector<RouteOutcome> routes = {};  ///< those that were asked for, in the order of mapping.yaml
  std::vector<ReconcileOutcome> reconcile = {};
  std::vector<IntegrityOutcome> integrity = {};
  std::vector<CounterOutcome> counters = {};  ///< of the routes whose counters are wrong
  std::vector<AcceptedRow> accepted = {};     ///< by name, capped; RouteOutcome::accepted counts them
  std::vector<NotChecked> not_checked = {};   ///< besides what routes, reconcile and integrity say themselves

  /// Nothing that was looked at is wrong.
  [[nodiscard]] bool match() const;
  /// Everything that was asked for was looked at, contents included.
  [[nodiscard]] bool is_complete() const;
  /// All that was not, with what the routes, reconcile and integrity say.
  [[nodiscard]] std::vector<NotChecked> all_not_checked() const;
};

}  // namespace validate
