#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"
#include "state/overlay.hpp"
#include "state/store.hpp"
#include "validate/finding_log.hpp"
#include "validate/ledger_view.hpp"
#include "validate/outcome.hpp"
#include "validate/place_set.hpp"
#include "validate/row_comparison.hpp"
#include "validate/target_reader.hpp"

namespace validate {

/// A part of the work: rows of one route by key range, a circle of routes, or what is left over in a target table. May be repeated from its
/// beginning when it failed: it counts when it is finished.
struct Job {
  enum class Kind : std::uint8_t {
    Rows,         ///< decide and compare the rows of a range
    Decide,       ///< only decide them: which target row they share must be known before any is compared
    Circle,       ///< decide all rows of routes that refer to each other
    Compare,      ///< compare the rows of a range that were decided before
    Unexplained,  ///< the rows of a target table that no row explains
  };
  Kind kind = Kind::Rows;
  std::vector<core::RouteId> routes;
  core::RowKey begin;  ///< of a range: first key; empty: from the start
  core::RowKey end;    ///< first key beyond; empty: to the end
};

/// What one worker has for itself.
struct Worker {
  Worker(const pg::ConnectionParams& params, std::string_view purpose, const std::string& snapshot, state::Store& store)
      : target(params, purpose, snapshot), overlay(store) {}

  TargetReader target;
  state::Overlay overlay;
};

/// Compares what the mapping makes of the source with the target, both at one moment: the images of all source rows stand in `store`, which belongs to
/// this validation alone, and the workers' sessions see one snapshot of the target. The jobs of one round may be done side by side; a round
/// begins when the one before is done.
class Comparison {
 public:
  struct Scope {
    std::vector<core::RouteId> routes;  ///< to be compared; as with_writers() gives them
    Depth depth = Depth::Contents;
  };

  /// All parameters outlive it. `ranges` divide the source tables that tables_read() names for these routes and their parents.
  Comparison(const mapping::Plan& plan, state::Store& store, const LedgerView& ledger, Scope scope,
             std::span<const state::Chunk> ranges, FindingLog& log);

  [[nodiscard]] const std::vector<std::vector<Job>>& rounds() const { return rounds_; }
  /// Does it in pieces, with `between` after each; stopped in between, it does not count. Thread-safe. Throws Error(Target), Error(State).
  void run(const Job& job, Worker& worker, const std::function<void(std::size_t rows)>& between,
           const std::stop_token& stop);

  /// The routes of the scope, as far as they were compared.
  [[nodiscard]] std::vector<RouteOutcome> outcomes() const;

  /// Rows that the ledger has in the quarantine although the mapping means them, for a trial; at most `most` of each route.
  using Refused = std::map<core::RouteId, std::vector<core::RowKey>>;
  [[nodiscard]] Refused refused() const;
  /// Such a row would be taken today.
  void would_pass(const mapping::Route& route, const core::RowKey& key);

 private:
  struct Tally;
  struct OfRoute {
    RouteOutcome outcome;
    std::size_t jobs_left = 0;
    std::vector<core::RowKey> refused;
    std::map<FindingKind, std::size_t> examples;
  };

  void plan_rounds(std::span<const state::Chunk> ranges);
  [[nodiscard]] bool is_compared(core::RouteId route) const;
  bool run_rows(const Job& job, Worker& worker, const std::function<void(std::size_t)>& between,
                const std::stop_token& stop, Tally& tally);
  bool run_circle(const Job& job, Worker& worker, const std::function<void(std::size_t)>& between,
                  const std::stop_token& stop);
  void run_unexplained(const Job& job, Worker& worker, const std::function<void(std::size_t)>& between);
  void note(OfRoute& of, Finding finding);
  void finish(const Job& job, Tally&& tally);

  const mapping::Plan& plan_;
  state::Store& store_;
  const LedgerView& ledger_;
  Scope scope_;
  std::vector<std::vector<Job>> rounds_;
  std::vector<core::RouteId> decided_;  // all that must be decided: the scope and its parents

  mutable std::mutex mutex_;
  // Protected by mutex_.
  FindingLog& log_;
  std::map<core::RouteId, OfRoute> routes_;
  std::map<core::QualifiedName, PlaceSet> places_;  // of the rows that were found, by target table
};

}  // namespace validate
