#include "agent/supervisor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/conflict_retry.hpp"
#include "agent/control_socket.hpp"
#include "agent/counter_audit.hpp"
#include "agent/cutover_run.hpp"
#include "agent/expression_preflight.hpp"
#include "agent/fence_request.hpp"
#include "agent/interlude.hpp"
#include "agent/parked_rows.hpp"
#include "agent/pipeline.hpp"
#include "agent/repair_desk.hpp"
#include "agent/retries.hpp"
#include "agent/schema_watch.hpp"
#include "agent/service_link.hpp"
#include "agent/slot_watch.hpp"
#include "agent/snapshot_progress.hpp"
#include "agent/start_position.hpp"
#include "agent/status_report.hpp"
#include "agent/stopped_status.hpp"
#include "agent/table_names.hpp"
#include "agent/target_preflight.hpp"
#include "apply/ledger.hpp"
#include "apply/operator_name.hpp"
#include "apply/writer_fence.hpp"
#include "core/backoff.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/pause.hpp"
#include "core/watched_thread.hpp"
#include "pg/session.hpp"
#include "replication/marker.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

/// How long a batch in hand may go on after a stop was requested. With the orderly end of the stream (5 s at most) a stop takes
/// less than the ten seconds that container platforms leave before they kill.
constexpr std::chrono::seconds kStopGrace{3};

/// What the control socket's thread may look at while the run goes on.
class Board {
 public:
  Board(const Environment& environment, const state::Store& store, bool is_quiet)
      : environment_(environment), store_(store), slot_(environment), copying_("snapshot", is_quiet) {}

  /// How far the copy is.
  [[nodiscard]] SnapshotProgress& copying() { return copying_; }

  void show(Phase phase, Pipeline* pipeline) {
    const std::lock_guard lock{mutex_};
    phase_ = phase;
    pipeline_ = pipeline;
  }

  /// Runs `use` with the pipeline, which stays alive meanwhile. Throws Error(State) when there is none.
  template <typename Use>
  auto with_pipeline(Use use) {
    const std::lock_guard lock{mutex_};
    if (pipeline_ == nullptr) {
      throw Error(ErrorKind::State, "the agent is not streaming yet")
          .remedy("wait until `agent status` says streaming");
    }
    return use(*pipeline_);
  }

  /// For the service manager. Nothing while somebody else looks: nobody waits for a server here.
  [[nodiscard]] std::optional<Headline> headline() {
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (!lock) return std::nullopt;
    if (pipeline_ == nullptr) {
      const auto share = copying_.share();
      if (phase_ != Phase::Snapshot || !share) return Headline{"preparing", false};
      return Headline{fmt::format("copying: {:.1f} % of the rows", *share * 100), true};
    }
    const bool is_connected = pipeline_->receiver().is_streaming;
    return Headline{
        fmt::format("{}, {:.1f} s behind, applied to {}", is_connected ? "streaming" : "connecting to the source",
                    pipeline_->lag_seconds(), pipeline_->applied().to_string()),
        is_connected};
  }

  nlohmann::json status() {
    const std::lock_guard lock{mutex_};
    StatusReport report;
    report.phase = phase_;
    report.routes = routes_of(environment_.plan, store_);
    report.slot.name = environment_.config.source.slot;
    report.applied_lsn = pipeline_ != nullptr ? pipeline_->applied() : store_.progress().applied;
    if (pipeline_ != nullptr) {
      report.lag_seconds = pipeline_->lag_seconds();
      report.origins = pipeline_->receiver().origins;
      add_unremoved(report.routes, pipeline_->unremoved());
    }
    try {
      if (!source_ || source_->is_broken()) source_ = std::make_unique<pg::Session>(environment_.source, "status");
      fill_source_side(report, *source_, environment_.config.source.slot);
      if (const auto lost_in = slot_.lost_in()) report.slot.lost_in_seconds = lost_in->count();
    } catch (const Error& error) {
      source_.reset();
      spdlog::debug("status without the source: {}", error.what());
    }
    // That nothing is in hand says nothing of what has not come.
    if (pipeline_ != nullptr && report.lag_seconds == 0 && (!report.source_lsn.is_valid() || report.lag_bytes() > 0)) {
      report.lag_seconds = report.unheard_seconds = pipeline_->unheard_seconds();
    }
    return to_json(report);
  }

 private:
  const Environment& environment_;
  const state::Store& store_;
  const SlotWatch slot_;
  SnapshotProgress copying_;
  std::mutex mutex_;
  // Protected by mutex_.
  Phase phase_ = Phase::Snapshot;
  Pipeline* pipeline_ = nullptr;
  std::unique_ptr<pg::Session> source_;
};

std::map<std::string, ControlServer::Handler> handlers(Board& board, RepairDesk& desk, CounterAudit& audit,
                                                       const Environment& environment, state::Store& store,
                                                       const apply::Ledger& ledger, std::stop_source& ending) {
  const auto interlude = std::make_shared<Interlude>([&board](auto task) {
    return board.with_pipeline([&](Pipeline& pipeline) { return pipeline.between_batches(std::move(task)); });
  });
  return {
      {"status", [&board](const nlohmann::json&) { return board.status(); }},
      {"parked", [&environment,
                  &store](const nlohmann::json& request) { return answer_parked(environment.plan, store, request); }},
      {"fence",
       [&board](const nlohmann::json& request) {
         return board.with_pipeline([&](Pipeline& pipeline) { return answer_fence(pipeline.fence(), request); });
       }},
      {"quarantine_retry",
       [interlude, &environment, &ledger](const nlohmann::json& request) {
         return interlude->answer(request, [request, &environment, &ledger](apply::Applier& applier) {
           return answer_retry(environment, ledger, applier, request);
         });
       }},
      {"repair",
       [&board, &desk](const nlohmann::json& request) {
         return board.with_pipeline([&](Pipeline& pipeline) { return desk.take(pipeline, request); });
       }},
      {"finish",
       [&ending](const nlohmann::json&) {
         // It asks until nobody answers any more.
         if (ending.request_stop()) spdlog::info("ending: the cutover takes over");
         return nlohmann::json{{"ends", true}};
       }},
      {"repair_result", [&desk](const nlohmann::json& request) { return desk.result(request); }},
      {"audit", [interlude, &audit](const nlohmann::json& request) { return audit.answer(*interlude, request); }},
      {"quarantine_discard",
       [interlude, &environment, &store, &ledger](const nlohmann::json& request) {
         return interlude->answer(request, [request, &environment, &store, &ledger](apply::Applier& applier) {
           nlohmann::json answer = answer_discard(environment, store, ledger, applier.session().sql(), request);
           applier.know_quarantine();
           return answer;
         });
       }},
  };
}

/// What `agent check` would say of the expressions, before publication and slot are made. Throws Error(Mapping), or
/// Error(Target) when it is a right that is missing, with the first error.
void require_sound_mapping(const Environment& environment) {
  pg::Session target(environment.target, "judge");
  std::vector<Finding> findings = judge_expressions(read_mapping(environment.config), environment.plan, target);
  std::erase_if(findings, [](const Finding& finding) { return finding.severity != Severity::Error; });
  if (findings.empty()) return;
  const Finding& first = findings.front();
  Error error{first.area == Area::Target ? ErrorKind::Target : ErrorKind::Mapping, first.message};
  if (!first.file.empty()) {
    error.with("file", first.file);
    error.with("line", std::to_string(first.line)).with("column", std::to_string(first.column));
  }
  if (findings.size() > 1) error.with("other_errors", std::to_string(findings.size() - 1));
  throw std::move(error.remedy(first.remedy));
}

/// Throws Error(Refused) with the first constraint of the target that would not be enforced while the agent writes.
void require_enforced_constraints(const Environment& environment) {
  std::set<core::QualifiedName> tables;
  for (const mapping::Route& route : environment.plan.routes) tables.insert(route.to);
  pg::Session target(environment.target, "constraints");
  std::vector<Finding> findings = judge_deferrable_constraints(target, tables);
  std::erase_if(findings, [](const Finding& finding) { return finding.severity != Severity::Error; });
  if (findings.empty()) return;
  Error error{ErrorKind::Refused, findings.front().message};
  if (findings.size() > 1) error.with("other_errors", std::to_string(findings.size() - 1));
  throw std::move(error.remedy(findings.front().remedy));
}

/// What was copied is still what the source has, but for what this run reads anew.
void require_same_schema(const Environment& environment, state::Store& store, const Goal& goal,
                         const std::vector<core::TableId>& named) {
  std::set<core::TableId> copied;
  for (const state::Chunk& chunk : store.chunks()) {
    if (chunk.is_loaded || chunk.is_finished) copied.insert(chunk.table);
  }
  const bool is_other_mapping = mapping_changed(environment, store);
  pg::Session source(environment.source, "schema");
  const auto error = look_at_schema(environment, store, source, [&](core::TableId table) {
    const bool is_repeated = goal.repeats_snapshot && (named.empty() || std::ranges::find(named, table) != named.end());
    return is_other_mapping || is_repeated || !copied.contains(table);
  });
  if (error) throw *error;
}

/// Opens the store as soon as that is possible. A command that only looks (`agent status` while no agent runs) holds the directory for a
/// moment; another agent answers on its socket. A full disk is waited for, however long.
std::unique_ptr<state::Store> open_store_patiently(const Environment& environment, const std::stop_token& stop) {
  using namespace std::chrono_literals;
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  core::Backoff backoff{100ms, 10s, 1};
  for (;;) {
    try {
      return open_store(environment);
    } catch (const Error& error) {
      if (!error.is_transient()) throw;
      const bool is_held = !error.context("pid").empty();
      if (is_held && std::chrono::steady_clock::now() > give_up) throw;
      if (is_held && ask_agent(environment.config.state_dir, {{"command", "status"}}, 5s)) throw;
      if (!is_held) spdlog::warn("the local state cannot be opened, trying again: {}", error.what());
      if (!core::pause(is_held ? 100ms : backoff.next(), stop)) throw;
    }
  }
}

Until until(const Environment& environment, const Goal& goal, Pipeline& pipeline) {
  if (goal.until_lsn) return {goal.until_lsn};
  if (!goal.meeting && !goal.until_current) return {};
  pg::Session source(environment.source, "marker");
  // What changed until here without a row event is judged where the run ends.
  pipeline.look_at_schema(source);
  if (goal.meeting) return {goal.meeting->choose()};
  // A transaction of our own moves a quiet source past everything that was committed before.
  return {replication::emit_marker(source, "until-current").barrier_lsn};
}

/// A connection of the last run may have left a transaction on the target, even a COMMIT that is still under way: nothing is read or
/// decided before that is through.
void settle_target(const Environment& environment, const state::Store& store, const apply::Ledger& ledger) {
  pg::Session target(environment.target, "settle");
  if (!ledger.exists(target)) return;
  const auto checkpoint = ledger.read_checkpoint(target);
  // Whoever has taken the row since has waited for all of that. And what may be at work is not ended.
  if (!ledger.is_held() && checkpoint && may_be_at_work(environment, *checkpoint, store)) return;
  apply::settle_writers(target, ledger, store.progress().run);
}

/// Takes the checkpoint. Throws Error(Refused) when local state is behind the target: what would be derived from it is older than what is there.
void take_caught_up(const Environment& environment, state::Store& store, apply::Ledger& ledger) {
  pg::Session target(environment.target, "settle");
  if (!ledger.exists(target)) return;
  take_checkpoint(environment, store, target, ledger, GoesBy::LocalState);
  const core::Lsn local = store.progress().applied;
  const auto checkpoint = apply::settle_writers(target, ledger, store.progress().run);
  if (!checkpoint || *checkpoint <= local) return;
  throw Error(ErrorKind::Refused, "the local state is behind the target: the agent was killed between its two writes")
      .with("local_lsn", local.to_string())
      .with("checkpoint_lsn", checkpoint->to_string())
      .remedy("start the agent, or run `agent sync --until-current`, which catches up; then ask again");
}

/// `outcome` tells how far it came, also when it throws.
void run_phases(const Config& config, const Goal& goal, const std::stop_token& stop, ServiceLink& service,
                Outcome& outcome) {
  const auto stop_deadline = std::make_shared<core::StopDeadline>(stop, kStopGrace);
  if (goal.ends_when_switched && is_switched(config, goal.is_quiet, stop_deadline)) {
    outcome.is_switched = true;
    return;
  }
  const Environment environment =
      through_conflicts("reading the catalogs", stop, [&] { return prepare(config, stop_deadline); });
  through_conflicts("checking the mapping", stop, [&] { require_sound_mapping(environment); });
  through_conflicts("checking the target", stop, [&] { require_enforced_constraints(environment); });
  const auto store = open_store_patiently(environment, stop);
  discard_outdated(environment, *store);
  apply::Ledger ledger{config.target.ledger_schema, config.source.slot};
  const auto is_finished = [&] {
    return store->progress().snapshot_finished && !store->progress().needs_snapshot &&
           !mapping_changed(environment, *store);
  };
  const auto require_finished = [&] {
    if (!goal.needs_finished_snapshot || is_finished()) return;
    throw Error(ErrorKind::Refused, "there is no finished snapshot of this mapping to go on from")
        .remedy("run `agent snapshot`, or `agent run`, which does both");
  };
  require_finished();
  Board board{environment, *store, goal.is_quiet};
  const ServiceLink::Following following = service.follow([&board] { return board.headline(); });
  RepairDesk desk{environment, *store, ledger};
  CounterAudit audit{environment.plan, *store};
  // A stop of the stream that was asked for over the socket ends it as a signal does.
  std::stop_source ending;
  const std::stop_callback forward{stop, [&ending] { ending.request_stop(); }};
  const ControlServer control{control_socket_path(config.state_dir),
                              handlers(board, desk, audit, environment, *store, ledger, ending)};
  const auto find_position = [&] {
    return through_conflicts("the start", stop, [&] {
      settle_target(environment, *store, ledger);
      return establish(environment, *store, ledger);
    });
  };
  const std::vector<core::TableId> tables = tables_named(environment.plan, goal.tables);
  require_same_schema(environment, *store, goal, tables);
  {
    StartPosition start = find_position();
    require_finished();  // it may have found tables that must be read anew
    if (!is_finished() || goal.repeats_snapshot) {
      const bool again = goal.repeats_snapshot && is_finished();
      outcome.snapshot = run_snapshot(environment, *store, ledger, start, again, tables, board.copying(), stop);
      outcome.was_stopped = outcome.snapshot->was_stopped;
    }
  }
  outcome.applied = store->progress().applied;
  outcome.was_stopped = stop.stop_requested();
  if (!goal.streams || outcome.was_stopped) return;

  FAILPOINT("before_streaming");
  // Both ends are known to be good by now: a connection that breaks here is tried again.
  const StartPosition start = Retries{"the stream cannot start yet and is tried again"}.run(stop, find_position);
  Pipeline pipeline{environment, *store, ledger, start};
  board.show(Phase::Streaming, &pipeline);
  try {
    outcome.was_stopped = !pipeline.run(until(environment, goal, pipeline), ending.get_token());
    if (goal.meeting && !outcome.was_stopped) goal.meeting->reached();
  } catch (...) {
    board.show(Phase::Stopped, nullptr);
    outcome.applied = store->progress().applied;
    throw;
  }
  board.show(Phase::Stopped, nullptr);
  outcome.applied = store->progress().applied;
}

}  // namespace

Outcome supervise(const Config& config, const Goal& goal, const std::stop_token& stop) {
  Outcome outcome;
  const core::WatchedThread watched{"apply"};
  ServiceLink service{stop};
  try {
    run_phases(config, goal, stop, service, outcome);
  } catch (const Error& error) {
    service.failed(error);
    // What a stop cuts short fails as if its connection had broken: nothing that the next start does not settle.
    if (!stop.stop_requested() || !is_cured_by_time(error)) throw;
    spdlog::info("stopped: {}", error.what());
    outcome.was_stopped = true;
  }
  service.done();
  return outcome;
}

commands::quarantine::RetryResult retry_quarantined_here(const Config& config, const Options::Quarantine& selection) {
  const Environment environment = prepare(config);
  const auto store = open_store(environment);
  apply::Ledger ledger{config.target.ledger_schema, config.source.slot};
  take_caught_up(environment, *store, ledger);
  apply::Applier applier{environment.target,
                         environment.plan,
                         *store,
                         ledger,
                         {.purpose = "retry", .limit = {}, .run = store->progress().run}};
  return retry_quarantined(environment, ledger, applier, {.route = selection.route, .keys = selection.keys},
                           apply::operator_name());
}

DiscardResult discard_rows_here(const Config& config, const DiscardRequest& request) {
  const Environment environment = prepare(config);
  const auto store = open_store(environment);
  apply::Ledger ledger{config.target.ledger_schema, config.source.slot};
  pg::Session target(environment.target, "discard");
  if (!ledger.exists(target)) {
    throw Error(ErrorKind::Refused, "there is no ledger on the target yet, so that nothing can be given up")
        .remedy("run `agent snapshot` first");
  }
  take_checkpoint(environment, *store, target, ledger, GoesBy::LocalState);
  return discard_rows(environment, *store, ledger, target, request);
}

}  // namespace agent
