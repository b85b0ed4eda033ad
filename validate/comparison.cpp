#include "validate/comparison.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "core/error.hpp"
#include "mapping/affected.hpp"
#include "validate/expectation.hpp"
#include "validate/stages.hpp"
#include "validate/unexplained_rows.hpp"

namespace validate {

namespace {

// Rows per statement: fills it, and bounds what composing and answering it takes of memory.
constexpr std::size_t kPiece = 4'000;
// Of each kind, per route: what people look at. All are in the list that `repair` reads.
constexpr std::size_t kMostExamples = 10;
// Refused rows per route that are tried again.
constexpr std::size_t kMostTried = 1'000;

using Fate = Expectation::Fate;

/// Somebody asks whether the route's rows are there.
bool decides_presence(const mapping::Plan& plan, const mapping::Route& route) {
  return route.entity && plan.entity(*route.entity).routes.front() == route.id &&
         !plan.entity(*route.entity).referred_by.empty();
}

/// The keys of a table in pieces, in their order.
template <typename Take>
void for_each_piece(const state::Store& store, core::TableId table, const core::RowKey& begin, const core::RowKey& end,
                    Take take) {
  core::RowKey next = begin;
  for (bool is_at_end = false; !is_at_end;) {
    std::vector<core::RowKey> keys;
    is_at_end = true;
    store.scan_keys(table, next, end, [&](core::RowKey key) {
      if (keys.size() == kPiece) {
        next = std::move(key);
        is_at_end = false;
        return false;
      }
      keys.push_back(std::move(key));
      return true;
    });
    if (!keys.empty() && !take(std::span<const core::RowKey>{keys})) return;
  }
}

/// Compares those that are expected; null for the others, in the order of `rows`.
std::vector<std::optional<RowComparison>> compare_expected(const mapping::Route& route,
                                                           const std::vector<Expectation>& rows, Depth depth,
                                                           Worker& worker) {
  std::vector<const mapping::Derivation*> expected;
  std::vector<std::size_t> position;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].fate != Fate::Expected) continue;
    expected.push_back(&rows[i].row);
    position.push_back(i);
  }
  std::vector<std::optional<RowComparison>> comparisons(rows.size());
  auto found = compare_rows(route, expected, depth, worker.overlay, worker.target);
  for (std::size_t i = 0; i < found.size(); ++i) comparisons[position[i]] = std::move(found[i]);
  return comparisons;
}

/// Whether the row is on the target if everything is as it should be.
bool is_meant_there(const Expectation& row, const std::optional<RowComparison>& comparison) {
  return row.fate == Fate::Expected && comparison && comparison->failure.empty() &&
         (!row.is_accepted || comparison->is_there());
}

}  // namespace

/// What a job finds; counted when it is finished.
struct Comparison::Tally {
  RouteOutcome counts;
  PlaceSet places;
  std::vector<Finding> findings;
  std::vector<core::RowKey> refused;

  void add(const mapping::Route& route, const Expectation& row, const std::optional<RowComparison>& comparison,
           const std::vector<std::string>& target_key) {
    const auto find = [&](FindingKind kind, std::vector<std::string> columns, std::string note) {
      findings.push_back({.route = route.name,
                          .kind = kind,
                          .legacy_key = core::key_text(row.row.key),
                          .target_key = target_key,
                          .columns = std::move(columns),
                          .note = std::move(note)});
    };
    const bool fails = comparison && !comparison->failure.empty();
    ++counts.read;
    if (row.fate == Fate::Filtered) {
      ++counts.filtered;
    } else if (row.is_accepted && (row.fate != Fate::Expected || fails || !comparison->is_there())) {
      ++counts.accepted;
    } else if (row.fate == Fate::Parked) {
      ++counts.parked;
      find(FindingKind::Parked, {}, row.why);
    } else if (row.fate == Fate::Quarantined || fails) {
      ++counts.quarantined;
      find(FindingKind::Quarantined, {}, fails ? comparison->failure : row.why);
      if (row.is_only_in_ledger) refused.push_back(row.row.key);
    } else {
      counts.source_checksum.add(comparison->meant);
      if (!comparison->is_there()) {
        ++counts.missing;
        find(FindingKind::Missing, {}, {});
        return;
      }
      places.add(comparison->place);
      counts.target_checksum.add(comparison->there);
      if (comparison->columns.empty()) {
        ++counts.matched;
      } else {
        ++counts.different;
        find(FindingKind::Different, comparison->columns, {});
      }
    }
  }
};

Comparison::Comparison(const mapping::Plan& plan, state::Store& store, const LedgerView& ledger, Scope scope,
                       std::span<const state::Chunk> ranges, FindingLog& log)
    : plan_(plan), store_(store), ledger_(ledger), scope_(std::move(scope)), log_(log) {
  for (const core::RouteId id : scope_.routes) {
    const mapping::Route& route = plan.route(id);
    OfRoute& of = routes_[route.id];
    of.outcome.name = route.name;
    of.outcome.from = plan.table(route.from).name.display();
    of.outcome.to = route.to.display();
    of.outcome.is_counted_only = scope_.depth == Depth::Existence;
  }
  decided_ = with_parents(plan, scope_.routes);
  plan_rounds(ranges);
}

bool Comparison::is_compared(core::RouteId route) const { return std::ranges::binary_search(scope_.routes, route); }

void Comparison::plan_rounds(std::span<const state::Chunk> ranges) {
  const auto add_ranges = [&](std::vector<Job>& jobs, Job::Kind kind, core::RouteId route) {
    for (const state::Chunk& range : ranges) {
      if (range.table == plan_.route(route).from) {
        jobs.push_back({.kind = kind, .routes = {route}, .begin = range.begin, .end = range.end});
      }
    }
  };
  for (const auto& stages : rounds_of(plan_)) {
    std::vector<Job> first;
    std::vector<Job> second;
    for (const Stage& stage : stages) {
      const bool is_wanted = std::ranges::any_of(
          stage.routes, [&](core::RouteId route) { return std::ranges::binary_search(decided_, route); });
      if (!is_wanted) continue;
      if (stage.is_circular)
        first.push_back({.kind = Job::Kind::Circle, .routes = stage.routes, .begin = {}, .end = {}});
      for (const core::RouteId route : stage.routes) {
        const bool has_id = plan_.route(route).id_column.has_value();
        if (has_id && !stage.is_circular) {
          add_ranges(first, Job::Kind::Rows, route);
          continue;
        }
        if (!stage.is_circular) add_ranges(first, Job::Kind::Decide, route);
        if (is_compared(route)) add_ranges(second, Job::Kind::Compare, route);
      }
    }
    if (!first.empty()) rounds_.push_back(std::move(first));
    if (!second.empty()) rounds_.push_back(std::move(second));
  }
  std::map<core::QualifiedName, std::vector<core::RouteId>> tables;
  for (const core::RouteId route : scope_.routes) tables[plan_.route(route).to].push_back(route);
  std::vector<Job> last;
  for (auto& [table, routes] : tables) {
    last.push_back({.kind = Job::Kind::Unexplained, .routes = std::move(routes), .begin = {}, .end = {}});
  }
  rounds_.push_back(std::move(last));
  for (const auto& jobs : rounds_) {
    for (const Job& job : jobs) {
      for (const core::RouteId route : job.routes) {
        if (is_compared(route)) ++routes_.at(route).jobs_left;
      }
    }
  }
}

void Comparison::run(const Job& job, Worker& worker, const std::function<void(std::size_t)>& between,
                     const std::stop_token& stop) {
  worker.overlay.clear();
  switch (job.kind) {
    case Job::Kind::Unexplained: return run_unexplained(job, worker, between);
    case Job::Kind::Circle:
      if (run_circle(job, worker, between, stop)) finish(job, {});
      return;
    case Job::Kind::Rows:
    case Job::Kind::Decide:
    case Job::Kind::Compare: {
      Tally tally;
      if (run_rows(job, worker, between, stop, tally)) finish(job, std::move(tally));
      return;
    }
  }
}

bool Comparison::run_rows(const Job& job, Worker& worker, const std::function<void(std::size_t)>& between,
                          const std::stop_token& stop, Tally& tally) {
  const mapping::Route& route = plan_.route(job.routes.front());
  const std::uint16_t slot = plan_.status_place(route);
  const bool is_presence_kept = job.kind == Job::Kind::Rows && decides_presence(plan_, route);
  bool is_whole = true;
  for_each_piece(store_, route.from, job.begin, job.end, [&](std::span<const core::RowKey> keys) {
    if (stop.stop_requested()) return is_whole = false;
    const auto rows = expect_rows(plan_, route, keys, worker.overlay, worker.target, ledger_);
    std::vector<const mapping::Derivation*> derivations;
    for (const Expectation& row : rows) derivations.push_back(&row.row);
    auto target_keys = target_keys_of(route, derivations, worker.overlay, worker.target);
    if (job.kind == Job::Kind::Decide) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].fate != Fate::Expected || target_keys[i].empty()) continue;
        worker.overlay.set_target_key(route.from, rows[i].row.key, slot,
                                      core::text_key(core::text_values(target_keys[i])).bytes);
      }
    } else {
      const auto comparisons = compare_expected(route, rows, scope_.depth, worker);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (is_presence_kept && is_meant_there(rows[i], comparisons[i])) {
          worker.overlay.set_status(route.from, rows[i].row.key, slot, core::RowStatus::Applied);
        }
        if (!route.id_column && rows[i].fate == Fate::Expected && !target_keys[i].empty()) {
          const auto lowest =
              worker.overlay.lowest_sharing(route.id, core::text_key(core::text_values(target_keys[i])).bytes);
          if (lowest && *lowest < rows[i].row.key) {
            ++tally.counts.read;
            ++tally.counts.shared;
            continue;
          }
        }
        tally.add(route, rows[i], comparisons[i], target_keys[i]);
      }
    }
    worker.overlay.commit(std::nullopt, std::nullopt, state::Overlay::Sync::No);
    between(keys.size());
    return true;
  });
  return is_whole;
}

/// The least fixpoint: at first nothing is there; a row comes as soon as what it needs is, and those that refer to it are looked at again.
bool Comparison::run_circle(const Job& job, Worker& worker, const std::function<void(std::size_t)>& between,
                            const std::stop_token& stop) {
  using core::RowStatus;
  std::map<core::RouteId, std::unordered_set<core::RowKey>> again;
  const auto status_of = [&](const mapping::Route& route, const core::RowKey& key) {
    const state::StoredRow* stored = worker.overlay.row(route.from, key);
    return stored == nullptr ? RowStatus::None : stored->statuses[plan_.status_place(route)];
  };
  const auto decide = [&](const mapping::Route& route, std::span<const core::RowKey> keys) {
    const std::uint16_t slot = plan_.status_place(route);
    const auto rows = expect_rows(plan_, route, keys, worker.overlay, worker.target, ledger_);
    const auto comparisons = compare_expected(route, rows, Depth::Contents, worker);
    std::vector<std::vector<std::string>> target_keys(rows.size());
    if (!route.id_column) {
      std::vector<const mapping::Derivation*> derivations;
      for (const Expectation& row : rows) derivations.push_back(&row.row);
      target_keys = target_keys_of(route, derivations, worker.overlay, worker.target);
    }
    std::vector<core::RowKey> came;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const mapping::Derivation& row = rows[i].row;
      if (status_of(route, row.key) == RowStatus::Applied) continue;
      const bool is_there = is_meant_there(rows[i], comparisons[i]);
      worker.overlay.set_status(route.from, row.key, slot, is_there ? RowStatus::Applied : RowStatus::Parked);
      if (is_there && !target_keys[i].empty()) {
        worker.overlay.set_target_key(route.from, row.key, slot,
                                      core::text_key(core::text_values(target_keys[i])).bytes);
      }
      if (is_there && decides_presence(plan_, route)) came.push_back(row.entity_key);
    }
    worker.overlay.commit(std::nullopt, std::nullopt, state::Overlay::Sync::No);
    for (const core::RowKey& key : came) {
      for (const core::RowKey& merged : store_.merged_keys(*route.entity, key)) {
        mapping::rows_that_refer_to(plan_, *route.entity, merged, worker.overlay,
                                    [&](const mapping::Route& child, const mapping::Ref&, const core::RowKey& row) {
                                      // One that was not decided yet will be.
                                      const bool is_mine = std::ranges::find(job.routes, child.id) != job.routes.end();
                                      if (is_mine && status_of(child, row) == RowStatus::Parked) {
                                        again[child.id].insert(row);
                                      }
                                    });
      }
    }
    worker.overlay.clear();
    between(keys.size());
  };

  bool is_whole = true;
  for (const core::RouteId id : job.routes) {
    const mapping::Route& route = plan_.route(id);
    for_each_piece(store_, route.from, {}, {}, [&](std::span<const core::RowKey> keys) {
      if (stop.stop_requested()) return is_whole = false;
      decide(route, keys);
      return true;
    });
  }
  while (is_whole && !again.empty()) {
    auto next = again.extract(again.begin());
    std::vector<core::RowKey> keys(next.mapped().begin(), next.mapped().end());
    std::ranges::sort(keys);
    for (std::size_t begin = 0; begin < keys.size(); begin += kPiece) {
      if (stop.stop_requested()) return false;
      decide(plan_.route(next.key()), std::span{keys}.subspan(begin, std::min(kPiece, keys.size() - begin)));
    }
  }
  return is_whole;
}

void Comparison::run_unexplained(const Job& job, Worker& worker, const std::function<void(std::size_t)>& between) {
  PlaceSet explained;
  {
    const std::lock_guard lock{mutex_};
    const bool is_ready =
        std::ranges::all_of(job.routes, [&](core::RouteId route) { return routes_.at(route).jobs_left == 1; });
    if (!is_ready) return;  // what was not compared would look unexplained
    explained.add(places_[plan_.route(job.routes.front()).to]);
  }
  std::map<core::RouteId, Tally> tallies;
  std::size_t count = 0;
  for_each_unexplained(plan_, job.routes, explained, ledger_, store_, worker.target, [&](UnexplainedRow row) {
    if (++count % kPiece == 0) between(0);
    Tally& tally = tallies[row.route];
    switch (row.whose) {
      case UnexplainedRow::Whose::Kept: ++tally.counts.kept; return;
      case UnexplainedRow::Whose::Foreign: ++tally.counts.foreign; return;
      case UnexplainedRow::Whose::Extra: break;
    }
    ++tally.counts.extra;
    if (row.is_unremoved) ++tally.counts.unremoved;
    tally.counts.target_checksum.add(row.checksum);
    tally.findings.push_back({.route = plan_.route(row.route).name,
                              .kind = FindingKind::Extra,
                              .legacy_key = std::move(row.legacy_key),
                              .target_key = std::move(row.target_key),
                              .columns = {},
                              .note = row.is_unremoved ? "the target did not let it go: see the quarantine" : ""});
  });
  for (const core::RouteId route : job.routes) {
    Job one = job;
    one.routes = {route};
    finish(one, std::move(tallies[route]));
  }
}

void Comparison::note(OfRoute& of, Finding finding) {
  log_.add(finding);
  if (of.examples[finding.kind]++ < kMostExamples) of.outcome.examples.push_back(std::move(finding));
}

void Comparison::finish(const Job& job, Tally&& tally) {
  const std::lock_guard lock{mutex_};
  for (const core::RouteId id : job.routes) {
    if (!is_compared(id)) continue;
    OfRoute& of = routes_.at(id);
    --of.jobs_left;
    RouteOutcome& sum = of.outcome;
    const RouteOutcome& more = tally.counts;
    for (const auto count :
         {&RouteOutcome::read, &RouteOutcome::matched, &RouteOutcome::different, &RouteOutcome::missing,
          &RouteOutcome::shared, &RouteOutcome::filtered, &RouteOutcome::parked, &RouteOutcome::quarantined,
          &RouteOutcome::accepted, &RouteOutcome::extra, &RouteOutcome::unremoved, &RouteOutcome::foreign,
          &RouteOutcome::kept}) {
      sum.*count += more.*count;
    }
    sum.source_checksum.add(more.source_checksum);
    sum.target_checksum.add(more.target_checksum);
    places_[plan_.route(id).to].add(tally.places);
    for (Finding& finding : tally.findings) note(of, std::move(finding));
    for (core::RowKey& key : tally.refused) {
      if (of.refused.size() < kMostTried) of.refused.push_back(std::move(key));
    }
  }
}

std::vector<RouteOutcome> Comparison::outcomes() const {
  const std::lock_guard lock{mutex_};
  std::vector<RouteOutcome> outcomes;
  for (const auto& [id, of] : routes_) {
    RouteOutcome& outcome = outcomes.emplace_back(of.outcome);
    if (of.jobs_left > 0) outcome.not_checked = "interrupted";
    std::ranges::stable_sort(outcome.examples, {}, [](const Finding& one) {
      return std::pair{one.kind, one.legacy_key};
    });
  }
  return outcomes;
}

Comparison::Refused Comparison::refused() const {
  const std::lock_guard lock{mutex_};
  Refused refused;
  for (const auto& [id, of] : routes_) {
    if (!of.refused.empty()) refused[id] = of.refused;
  }
  return refused;
}

void Comparison::would_pass(const mapping::Route& route, const core::RowKey& key) {
  const std::lock_guard lock{mutex_};
  OfRoute& of = routes_.at(route.id);
  ++of.outcome.would_pass;
  note(of, {.route = route.name,
            .kind = FindingKind::WouldPass,
            .legacy_key = core::key_text(key),
            .target_key = {},
            .columns = {},
            .note = "`agent quarantine retry` brings it"});
}

}  // namespace validate
