#include "agent/validation.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "agent/counter_audit.hpp"
#include "agent/environment.hpp"
#include "agent/load_limit.hpp"
#include "agent/moment.hpp"
#include "agent/quarantine_ledger.hpp"
#include "agent/side_by_side.hpp"
#include "agent/snapshot_progress.hpp"
#include "agent/source_images.hpp"
#include "agent/table_names.hpp"
#include "agent/validation_record.hpp"
#include "apply/operator_name.hpp"
#include "core/backoff.hpp"
#include "core/error.hpp"
#include "pg/session.hpp"
#include "validate/comparison.hpp"
#include "validate/finding_log.hpp"
#include "validate/integrity.hpp"
#include "validate/ledger_view.hpp"
#include "validate/reconcile.hpp"
#include "validate/scratch_directory.hpp"
#include "validate/stages.hpp"
#include "validate/trial.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

// Rows of a range: small enough that no worker is left with much when the others are done.
constexpr std::int64_t kRangeRows = 20'000;
// Accepted rows that are named.
constexpr std::size_t kMostNamed = 200;
// How often everything begins anew because a snapshot was lost.
constexpr int kMostStarts = 5;

std::string actor() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return apply::operator_name() + "@" + host.data();
}

std::string database_of(const pg::ConnectionParams& params, const pg::ServerIdentity& identity) {
  return pg::display_endpoint("", params.value("host"), params.port(), identity.database);
}

std::string version_of(const pg::ConnectionParams& params) {
  pg::Session session{params, "validate-version"};
  return session.exec("SHOW server_version").text(0, 0);
}

/// The comparison was made, and is worth telling, also where it cannot be written down.
void put_on_record(const Environment& environment, const validate::Outcome& outcome, const Census& census,
                   bool was_interrupted) {
  try {
    pg::Session target{environment.target, "validate-record"};
    record_validation(target, environment.config.target.ledger_schema, outcome,
                      finding_origin(environment, outcome.lsn), census, was_interrupted);
  } catch (const Error& error) {
    spdlog::warn("this validation could not be written into the ledger, so that no cutover will know of it: {}",
                 error.what());
  }
}

std::vector<core::RouteId> routes_of(const mapping::Plan& plan, const std::vector<std::string>& tables) {
  const std::vector<core::TableId> named = tables_named(plan, tables);
  std::vector<core::RouteId> routes;
  for (const mapping::Route& route : plan.routes) {
    const bool is_named = tables.empty() || std::ranges::find(named, route.from) != named.end();
    if (is_named) routes.push_back(route.id);
  }
  if (routes.empty()) {
    throw Error(ErrorKind::Usage, "no route reads the tables that are named: there is nothing to compare")
        .remedy("name tables that a route of mapping.yaml has in `from`");
  }
  return validate::with_writers(plan, routes);
}

/// One start: from a moment to an outcome.
class Run {
 public:
  Run(const Environment& environment, const Options::Validate& options, bool is_quiet, const std::stop_token& stop,
      const std::optional<std::chrono::milliseconds>& fenced, validate::Outcome& outcome, Census& census)
      : environment_(environment),
        plan_(environment.plan),
        options_(options),
        is_quiet_(is_quiet),
        stop_(stop),
        fenced_(fenced),
        outcome_(outcome),
        census_(census),
        routes_(routes_of(plan_, options.tables)) {}

  void run() {
    moment_ = find_moment(environment_, fenced_, stop_);
    if (moment_ == nullptr) return interrupted();
    outcome_.lsn = moment_->lsn;
    spdlog::info("comparing both databases as of lsn={}{}", moment_->lsn.to_string(),
                 moment_->is_beside_agent ? ", the agent goes on" : "");
    load_.emplace(options_.max_load,
                  moment_->is_beside_agent ? std::optional{environment_.config.state_dir} : std::nullopt);
    const validate::ScratchDirectory scratch{environment_.config.state_dir};
    store_ = state::Store::open({.directory = scratch.path()}, environment_.identity, environment_.layout);
    const validate::LedgerView ledger = read_ledger();
    read_source();
    if (stop_.stop_requested()) {
      interrupted();
    } else {
      compare(ledger);
    }
    store_.reset();
  }

 private:
  [[nodiscard]] std::uint32_t workers() const { return environment_.config.snapshot.workers; }
  [[nodiscard]] bool is_whole() const { return options_.tables.empty() && !options_.counts_only; }

  void interrupted() { outcome_.not_checked.push_back({"everything", "interrupted before anything was compared"}); }

  validate::LedgerView read_ledger() {
    pg::Session& target = *moment_->target;
    validate::LedgerView ledger{target, environment_.config.target.ledger_schema, plan_};
    ledger.adopt_ids(target, plan_, *store_);
    name_accepted(target);
    return ledger;
  }

  void name_accepted(pg::Session& target) {
    for (const core::RouteId route : routes_) {
      const std::size_t room = kMostNamed - outcome_.accepted.size();
      if (room == 0) return;
      for (AcceptedRow& row :
           read_accepted(target, environment_.config.target.ledger_schema, plan_.route(route).name, room)) {
        outcome_.accepted.push_back({.route = std::move(row.route),
                                     .legacy_key = std::move(row.legacy_key),
                                     .kind = std::move(row.operation),
                                     .at = std::move(row.at),
                                     .actor = std::move(row.actor),
                                     .reason = std::move(row.reason)});
      }
    }
  }

  /// Everything that is needed of the source, after which its snapshot is given up: it keeps the source from cleaning up.
  void read_source() {
    const auto tables = validate::tables_read(plan_, validate::with_parents(plan_, routes_));
    if (is_whole()) {
      pg::Session source{environment_.source, "validate-totals"};
      // As on the target: names in mapping.yaml need no schema.
      source.exec("SET search_path = public, pg_catalog");
      pg::import_snapshot(source, moment_->source->name());
      census_.source_xmin = oldest_unseen_transaction(source);
      for (const mapping::Reconcile& one : plan_.reconcile)
        source_sides_.push_back(validate::ask_side(source, one.source));
    }
    ranges_ = cut_tables(environment_, *moment_->source, tables, kRangeRows);
    begin_progress();
    std::vector<std::atomic<std::int64_t>> rows_read(plan_.tables.size());
    load_images(
        environment_, *moment_->source, ranges_, *store_, workers(),
        [&](const state::Chunk& range, std::size_t rows) {
          progress_->add(range.table.index(), static_cast<std::int64_t>(rows));
          rows_read[range.table.index()] += static_cast<std::int64_t>(rows);
          load_->rest(stop_);
        },
        stop_);
    moment_->source.reset();
    for (const core::TableId table : tables)
      census_.source_rows[plan_.table(table).name.display()] = rows_read[table.index()];
  }

  /// Every row is read once and compared on each of its routes.
  void begin_progress() {
    std::vector<SnapshotProgress::Table> tables;
    for (const mapping::SourceTable& table : plan_.tables) tables.push_back({.name = table.name.display()});
    for (const state::Chunk& range : ranges_) tables[range.table.index()].total += range.estimated_rows;
    for (const core::RouteId route : routes_) {
      auto& table = tables[plan_.route(route).from.index()];
      std::int64_t rows = 0;
      for (const state::Chunk& range : ranges_) {
        if (range.table == plan_.route(route).from) rows += range.estimated_rows;
      }
      table.total += rows;
    }
    progress_ = std::make_unique<SnapshotProgress>("validate", is_quiet_);
    progress_->begin(std::move(tables));
  }

  void compare(const validate::LedgerView& ledger) {
    validate::FindingLog log{validate::FindingLog::path_in(environment_.config.state_dir),
                             finding_origin(environment_, moment_->lsn)};
    const auto depth = options_.counts_only ? validate::Depth::Existence : validate::Depth::Contents;
    validate::Comparison comparison{plan_, *store_, ledger, {routes_, depth}, ranges_, log};
    for (const auto& round : comparison.rounds()) {
      on_target(round.size(), [&](std::size_t job, validate::Worker& worker, const std::stop_token& given_up) {
        const core::TableId table = plan_.route(round[job].routes.front()).from;
        comparison.run(
            round[job], worker,
            [&](std::size_t rows) {
              progress_->add(table.index(), static_cast<std::int64_t>(rows));
              load_->rest(stop_);
            },
            given_up);
      });
    }
    progress_->finish();
    if (!stop_.stop_requested()) try_refused(comparison);
    if (is_whole() && !stop_.stop_requested()) look_at_totals();
    if (!options_.counts_only && !stop_.stop_requested()) look_at_integrity();
    if (!stop_.stop_requested()) look_at_counters();
    outcome_.routes = comparison.outcomes();
    for (const validate::RouteOutcome& route : outcome_.routes)
      census_.target_rows[route.to] += route.target_rows() + route.foreign + route.kept;
    if (stop_.stop_requested()) {
      outcome_.not_checked.push_back({"what is not named here", "interrupted"});
    } else {
      log.finish();
    }
  }

  /// Jobs that read the target at the moment. A connection that is lost is made anew, as long as the snapshot is there.
  void on_target(std::size_t jobs,
                 const std::function<void(std::size_t, validate::Worker&, const std::stop_token&)>& run) {
    const auto begin = [&](std::uint32_t number) -> SideJob {
      const auto worker = std::make_shared<validate::Worker>(environment_.target, fmt::format("validate-{}", number),
                                                             moment_->target_snapshot, *store_);
      return [worker, &run](std::size_t job, const std::stop_token& given_up) { run(job, *worker, given_up); };
    };
    side_by_side(workers(), jobs, stop_, begun_again_when_lost("a part of the comparison", begin));
  }

  void try_refused(validate::Comparison& comparison) {
    const auto refused = comparison.refused();
    if (refused.empty()) return;
    try {
      validate::Trial trial{environment_.target};
      state::Overlay overlay{*store_};
      for (const auto& [id, keys] : refused) {
        const mapping::Route& route = plan_.route(id);
        for (const core::RowKey& key : trial.passing(plan_, route, keys, overlay)) comparison.would_pass(route, key);
      }
    } catch (const Error& error) {
      spdlog::warn("quarantined rows could not be tried: {}", error.what());
    }
  }

  /// Those of the agent's own: not believed, but judged.
  void look_at_counters() {
    try {
      outcome_.counters = wrong_counters(environment_);
    } catch (const Error& error) {
      outcome_.not_checked.push_back({"the agent's counters", error.message()});
    }
    std::erase_if(outcome_.counters, [&](const validate::CounterOutcome& one) {
      return std::ranges::find(routes_, one.route, [&](core::RouteId id) { return plan_.route(id).name; }) ==
             routes_.end();
    });
  }

  void look_at_totals() {
    if (plan_.reconcile.empty()) return;
    pg::Session target{environment_.target, "validate-reconcile"};
    pg::import_snapshot(target, moment_->target_snapshot);
    for (std::size_t i = 0; i < plan_.reconcile.size(); ++i) {
      const mapping::Reconcile& one = plan_.reconcile[i];
      outcome_.reconcile.push_back(
          validate::reconcile(one.name, std::move(source_sides_[i]), validate::ask_side(target, one.target)));
    }
  }

  void look_at_integrity() {
    validate::TargetReader reader{environment_.target, "validate-integrity", moment_->target_snapshot};
    const auto rules = validate::integrity_checks(plan_, routes_, environment_.config.target.ledger_schema, reader);
    std::vector<std::optional<validate::IntegrityOutcome>> found(rules.size());
    on_target(rules.size(), [&](std::size_t job, validate::Worker& worker, const std::stop_token&) {
      found[job] = validate::check(rules[job], worker.target);
    });
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (!found[i]) {
        found[i] = rules[i].about;
        found[i]->not_checked = "interrupted";
      }
      outcome_.integrity.push_back(std::move(*found[i]));
    }
  }

  const Environment& environment_;
  const mapping::Plan& plan_;
  const Options::Validate& options_;
  const bool is_quiet_;
  const std::stop_token& stop_;
  const std::optional<std::chrono::milliseconds>& fenced_;
  validate::Outcome& outcome_;
  Census& census_;
  const std::vector<core::RouteId> routes_;

  std::unique_ptr<Moment> moment_;
  std::optional<LoadLimit> load_;
  std::unique_ptr<state::Store> store_;
  std::vector<state::Chunk> ranges_;
  std::vector<validate::ReconcileSide> source_sides_;
  std::unique_ptr<SnapshotProgress> progress_;
};

}  // namespace

validate::FindingOrigin finding_origin(const Environment& environment, core::Lsn lsn) {
  const state::Identity& identity = environment.identity;
  return {.lsn = lsn,
          .identity = fmt::format("{}/{} {}/{} {}", identity.source_system_identifier, identity.source_database,
                                  identity.target_system_identifier, identity.target_database, identity.slot),
          .meaning = environment.plan.meaning_fingerprint};
}

validate::Outcome run_validation(const Config& config, const Options::Validate& options, bool is_quiet,
                                 const std::stop_token& stop, const std::optional<std::chrono::milliseconds>& fenced) {
  const auto began = std::chrono::steady_clock::now();
  const Environment environment = prepare(config);
  core::Backoff backoff{std::chrono::seconds{1}, std::chrono::seconds{10}, 1};
  for (int start = 1;; ++start) {
    validate::Outcome outcome;
    outcome.started_at = std::chrono::system_clock::now();
    outcome.agent_version = AGENT_VERSION;
    outcome.source_database = database_of(environment.source, environment.source_identity);
    outcome.target_database = database_of(environment.target, environment.target_identity);
    outcome.actor = actor();
    outcome.tables = options.tables;
    outcome.is_counted_only = options.counts_only;
    Census census;
    try {
      outcome.source_version = version_of(environment.source);
      outcome.target_version = version_of(environment.target);
      Run{environment, options, is_quiet, stop, fenced, outcome, census}.run();
      outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
      put_on_record(environment, outcome, census, stop.stop_requested());
      return outcome;
    } catch (const Error& error) {
      const bool is_lost = error.is_transient() && error.kind() != ErrorKind::State;
      if (!is_lost || start == kMostStarts || stop.stop_requested()) throw;
      const auto pause = backoff.next();
      spdlog::warn("a snapshot was lost: the validation starts anew, at a new position, wait_ms={}: {}", pause.count(),
                   error.what());
      std::this_thread::sleep_for(pause);
    }
  }
}

}  // namespace agent
