#include "agent/cutover_run.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "agent/confirmation.hpp"
#include "agent/control_socket.hpp"
#include "agent/cutover_readiness.hpp"
#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/ledger_query.hpp"
#include "agent/source_witness.hpp"
#include "agent/supervisor.hpp"
#include "agent/validation.hpp"
#include "apply/operator_name.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"
#include "cutover/journal.hpp"
#include "cutover/plan_text.hpp"
#include "cutover/sequences.hpp"
#include "cutover/source_fence.hpp"
#include "replication/marker.hpp"
#include "replication/publication.hpp"
#include "replication/slot.hpp"
#include "validate/summary.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;
using cutover::Status;
using cutover::Step;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kFenceLimit{30};
constexpr std::chrono::seconds kDrainLimit{60};
constexpr std::chrono::seconds kFinishLimit{30};
constexpr std::chrono::milliseconds kAnswerLimit{5000};
constexpr std::chrono::milliseconds kLook{20};

std::set<core::QualifiedName> target_tables(const mapping::Plan& plan) {
  std::set<core::QualifiedName> tables;
  for (const mapping::Route& route : plan.routes) tables.insert(route.to);
  return tables;
}

bool is_agent_running(const Config& config) {
  return ask_agent(config.state_dir, {{"command", "status"}}, kAnswerLimit).has_value();
}

Error interrupted() {
  return Error(ErrorKind::Source, "the cutover was interrupted").transient().remedy("run `agent cutover` again");
}

/// The differences that a validation found, or that it could not see everything: exit codes of their own.
struct NotEqual {
  bool has_differences;
};

class CutoverRun {
 public:
  CutoverRun(const Config& config, const Options& options, const std::stop_token& stop)
      : config_(config),
        options_(options),
        stop_(stop),
        environment_(prepare(config)),
        source_(environment_.source, "cutover"),
        target_(environment_.target, "cutover"),
        fence_(source_),
        journal_(environment_.target, config.target.ledger_schema, apply::operator_name()) {}

  int show() {
    const std::vector<std::string> obstacles = cutover_obstacles(config_, environment_, source_, target_);
    const cutover::Plan fence = fence_.plan();
    const cutover::Plan settling = cutover::settling(target_, target_tables(environment_.plan));
    if (options_.as_json) {
      std::cout << nlohmann::ordered_json{{"ready", obstacles.empty()},
                                          {"obstacles", obstacles},
                                          {"point_of_no_return", to_string(cutover::kPointOfNoReturn)},
                                          {"fence", to_json(fence)},
                                          {"settle", to_json(settling)},
                                          {"release", to_json(release_plan())}}
                       .dump(2)
                << '\n';
    } else {
      for (const Step step : cutover::kSteps) {
        if (step == cutover::kPointOfNoReturn) std::cout << "-- point of no return --\n";
        std::cout << to_string(step) << ": " << summary_of(step) << '\n';
        if (step == Step::Check) {
          for (const std::string& obstacle : obstacles) std::cout << "    not ready: " << obstacle << '\n';
        }
        if (step == Step::Fence) std::cout << to_text(fence);
        if (step == Step::Settle) std::cout << to_text(settling);
        if (step == Step::Release) std::cout << to_text(release_plan());
      }
      std::cout << "nothing was changed\n";
    }
    return to_int(obstacles.empty() ? ExitCode::Done : ExitCode::Refused);
  }

  int abort() {
    take_turn();
    auto run = journal_.last();
    if (!run || !run->is_open()) {
      throw Error(ErrorKind::Refused, "no cutover is under way: there is nothing to abort")
          .remedy("agent status shows where the migration stands");
    }
    if (run->is_past_return()) {
      throw Error(ErrorKind::Refused, "the cutover is past the point of no return")
          .remedy("run `agent cutover`: it finishes");
    }
    run_ = std::move(*run);
    take_back("asked for");
    std::cout << (options_.as_json
                      ? "{\"status\": \"aborted\"}\n"
                      : "aborted: the source takes writes again; slot and publication are kept, and sync goes on\n");
    return to_int(ExitCode::Done);
  }

  int run() {
    take_turn();
    auto last = journal_.last();
    if (last && last->is_done()) {
      run_ = std::move(*last);
      return print_result("already done");
    }
    const bool goes_on = last && last->is_open();
    require_confirmation(options_.cutover.is_confirmed,
                         "Nobody will be able to write to the source from now on. Until the step `" +
                             std::string(to_string(cutover::kPointOfNoReturn)) +
                             "` everything can be taken back with `agent cutover --abort`.",
                         environment_.source_identity.database);
    if (goes_on) {
      run_ = std::move(*last);
      spdlog::info("going on with the cutover that began at {}", run_.whole.started_at);
    } else {
      require_ready();
    }
    if (!goes_on) run_ = journal_.begin({{"database", environment_.source_identity.database}});
    try {
      if (!run_.is_past_return()) until_the_point_of_no_return();
      release();
    } catch (const NotEqual& found) {
      take_back("source and target are not equal");
      return to_int(found.has_differences ? ExitCode::Found : ExitCode::Incomplete);
    } catch (const Error& error) {
      if (run_.is_past_return()) throw;
      give_up(error);
      if (stop_.stop_requested()) return to_int(ExitCode::Incomplete);
      throw Error{error}.with("cutover", "aborted, the source takes writes again");
    }
    return print_result("done");
  }

  /// The source takes writes again. What was written to it meanwhile nobody streams, so that everything is compared anew.
  int roll_back() {
    take_turn();
    auto run = journal_.last();
    if (!run || !run->is_done()) {
      throw Error(ErrorKind::Refused, "there is no finished cutover to roll back")
          .remedy(run && run->is_open() ? "`agent cutover --abort` takes back one that is under way"
                                        : "agent status shows where the migration stands");
    }
    run_ = std::move(*run);
    if (options_.rollback.is_dry) {
      std::cout
          << "forget the position of the stream, on the target and in the state directory\n"
             "put back default_transaction_read_only of the source's database, and end its sessions\n"
             "then `agent run` makes publication and slot again, and compares every row (a differential snapshot)\n"
             "nothing was changed\n";
      return to_int(ExitCode::Done);
    }
    require_confirmation(options_.rollback.is_confirmed,
                         "The source will take writes again. What the application wrote to the target since the "
                         "cutover stays there, and "
                         "goes to nobody: rows that were copied are brought back to what the source says.",
                         environment_.source_identity.database);
    const auto store = open_store(environment_);
    target_.exec("delete from " + ledger_table(config_.target.ledger_schema, "checkpoint") + " where slot = $1",
                 {std::string_view{config_.source.slot}});
    store->empty();
    fence_.lift(cutover::fence_memory_of(run_.detail(Step::Fence)), kFenceLimit);
    journal_.write(run_, Status::RolledBack);
    std::cout << (options_.as_json ? "{\"status\": \"rolled back\"}\n"
                                   : "rolled back: the source takes writes again. Start `agent run`: it makes "
                                     "publication and slot again, and "
                                     "compares every row (a differential snapshot)\n");
    return to_int(ExitCode::Done);
  }

 private:
  void take_turn() {
    if (!has_ledger_table(target_, config_.target.ledger_schema, "migration_control")) {
      throw Error(ErrorKind::Refused, "there is nothing on the target yet: no ledger").remedy("run `agent run` first");
    }
    if (journal_.take_turn()) return;
    throw Error(ErrorKind::Refused, "another process is at this cutover").remedy("wait for it, or end it");
  }

  void require_ready() {
    const std::vector<std::string> obstacles = cutover_obstacles(config_, environment_, source_, target_);
    if (obstacles.empty()) return;
    for (const std::string& obstacle : obstacles) spdlog::error("not ready: {}", obstacle);
    throw Error(ErrorKind::Refused, "the cutover does not begin: " + obstacles.front())
        .with("obstacles", std::to_string(obstacles.size()))
        .remedy("nothing was changed; `agent cutover --dry-run` lists all of them");
  }

  /// What was drained and compared before a crash is so again: only then nobody can have written in between.
  void until_the_point_of_no_return() {
    raise_fence();
    drain();
    validate();
    settle();
    require_nothing_written();
    require_fence();
  }

  void begin(Step step, const json& detail = json::object()) {
    if (stop_.stop_requested()) throw interrupted();
    spdlog::info("{}: {}", to_string(step), summary_of(step));
    journal_.write(run_, step, Status::Running, detail);
  }

  void end(Step step, const json& detail = json::object()) { journal_.write(run_, step, Status::Done, detail); }

  void raise_fence() {
    // What was there before is remembered once: after a crash it would be our own.
    const bool is_known = run_.steps.contains(Step::Fence);
    begin(Step::Fence, is_known ? json::object() : cutover::to_json(fence_.remember()));
    fence_.put_up(kFenceLimit, stop_);
    require_fence();
    // Nobody writes any more, so that its slot waits for nobody.
    witness_.emplace(environment_.source, config_.source.slot, config_.source.publication);
    end(Step::Fence);
  }

  void require_fence() {
    const auto as_anybody = pg::ConnectionParams::parse(pg::Side::Source, config_.source.url);
    cutover::require_fenced(as_anybody, environment_.plan.tables.front().name);
  }

  void drain() {
    begin(Step::Drain);
    marker_ = replication::emit_marker(source_, "cutover").message_lsn;
    if (is_agent_running(config_)) {
      drain_beside_agent();
    } else if (supervise(config_,
                         {.tables = {},
                          .needs_finished_snapshot = true,
                          .streams = true,
                          .until_lsn = marker_,
                          .is_quiet = true},
                         stop_)
                   .was_stopped) {
      throw interrupted();
    }
    end(Step::Drain, {{"marker_lsn", marker_.to_string()}});
    require_nothing_written();
  }

  void drain_beside_agent() {
    const auto give_up = Clock::now() + kDrainLimit;
    for (;;) {
      const auto checkpoint = find_checkpoint(target_, config_.target.ledger_schema, config_.source.slot);
      if (checkpoint && checkpoint->applied > marker_) return;
      if (!core::pause(kLook, stop_)) throw interrupted();
      if (Clock::now() < give_up) continue;
      throw Error(ErrorKind::Refused, "what was written before the fence does not arrive in time")
          .with("marker_lsn", marker_.to_string())
          .with("applied_lsn", checkpoint ? checkpoint->applied.to_string() : "none")
          .remedy("see `agent status` and the log of the running agent for what keeps it");
    }
  }

  void require_nothing_written() {
    const auto change = witness_->first_after(marker_);
    if (!change) return;
    throw Error(ErrorKind::Refused, "somebody writes to the source in spite of the fence")
        .with("table", change->table)
        .with("lsn", change->lsn.to_string())
        .with("connected", cutover::others_connected(source_))
        .remedy(
            "stop that writer, which sets default_transaction_read_only for itself, then run `agent cutover` again");
  }

  void validate() {
    begin(Step::Validate);
    const auto began = Clock::now();
    const auto outcome = run_validation(config_, {}, true, stop_);
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    if (stop_.stop_requested()) throw interrupted();
    if (!outcome.match() || !outcome.is_complete()) {
      std::cerr << ::validate::to_text(outcome);
      journal_.write(run_, Step::Validate, Status::Failed, {{"lsn", outcome.lsn.to_string()}});
      throw NotEqual{!outcome.match()};
    }
    end(Step::Validate, {{"lsn", outcome.lsn.to_string()}, {"seconds", seconds}});
  }

  void settle() {
    begin(Step::Settle);
    for (const cutover::PlannedStatement& statement : cutover::settling(target_, target_tables(environment_.plan))) {
      if (stop_.stop_requested()) throw interrupted();
      target_.exec(statement.sql);
    }
    end(Step::Settle);
  }

  [[nodiscard]] cutover::Plan release_plan() const {
    return {{"SELECT pg_drop_replication_slot('" + config_.source.slot + "')", "", "nobody reads the stream any more"},
            {"DROP PUBLICATION " + config_.source.publication, "ACCESS EXCLUSIVE on the publication",
             "nor what it published"}};
  }

  void release() {
    if (!run_.is_done(Step::Release)) {
      end_agent();
      if (witness_) require_nothing_written();
      begin(Step::Release);
      require_fence();
      // Their own; they are what a later start would go on from.
      replication::drop_slot(source_, config_.source.slot);
      replication::drop_publication(source_, config_.source.publication);
      end(Step::Release);
    }
    const pg::Result took = target_.exec(
        "select pg_catalog.round(extract(epoch from $1::timestamptz - $2::timestamptz)::pg_catalog.numeric, "
        "3)::pg_catalog.float8",
        {std::string_view{run_.steps[Step::Release].finished_at},
         std::string_view{run_.steps[Step::Fence].started_at}});
    journal_.write(run_, Step::Report, Status::Done);
    journal_.write(run_, Status::Done,
                   {{"outage_seconds", std::stod(took.text(0, 0))},
                    {"validation_seconds", run_.detail(Step::Validate).value("seconds", 0.0)}});
  }

  /// The running agent has nothing left to do; it holds the slot until it ends.
  void end_agent() {
    const auto give_up = Clock::now() + kFinishLimit;
    while (is_agent_running(config_)) {
      try {
        static_cast<void>(ask_agent(config_.state_dir, {{"command", "finish"}}, kAnswerLimit));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::State) throw;  // it hangs up when it is gone
      }
      if (Clock::now() >= give_up) {
        throw Error(ErrorKind::State, "the running agent does not end")
            .remedy("stop it, then run `agent cutover` again");
      }
      if (!core::pause(kLook, stop_)) throw interrupted();
    }
  }

  void take_back(const std::string& why) {
    if (run_.has_begun(Step::Fence)) {
      spdlog::warn("taking the fence down: {}", why);
      witness_.reset();
      if (source_.is_broken()) source_ = pg::Session(environment_.source, "cutover");
      fence_.lift(cutover::fence_memory_of(run_.detail(Step::Fence)), kFenceLimit);
      journal_.write(run_, Step::Fence, Status::Aborted);
    }
    journal_.write(run_, Status::Aborted, {{"why", why}});
  }

  void give_up(const Error& error) {
    try {
      take_back(error.message());
    } catch (const Error& failure) {
      spdlog::error(
          "the fence could not be taken down, the source still takes no writes: {}; run `agent cutover --abort`",
          failure.what());
      throw Error{error}
          .with("cutover", "NOT aborted: the source takes no writes")
          .remedy("run `agent cutover --abort`");
    }
  }

  int print_result(const std::string& what) const {
    const json& detail = run_.whole.detail;
    const double outage = detail.value("outage_seconds", 0.0);
    const double validation = detail.value("validation_seconds", 0.0);
    if (options_.as_json) {
      std::cout << nlohmann::ordered_json{{"status", "done"},
                                          {"changed", what == "done"},
                                          {"started_at", run_.whole.started_at},
                                          {"finished_at", run_.whole.finished_at},
                                          {"outage_seconds", outage},
                                          {"validation_seconds", validation}}
                       .dump(2)
                << '\n';
    } else {
      std::cout << fmt::format(
          "{}: the cutover ended at {}; nobody could write for {:.1f} s, of which {:.1f} s were the validation\n"
          "The source stays read-only. Let the application write to the target now.\n",
          what, run_.whole.finished_at, outage, validation);
    }
    return to_int(ExitCode::Done);
  }

  const Config& config_;
  const Options& options_;
  const std::stop_token& stop_;
  Environment environment_;
  pg::Session source_;
  pg::Session target_;
  cutover::SourceFence fence_;
  cutover::Journal journal_;
  cutover::Run run_;
  std::optional<SourceWitness> witness_;
  core::Lsn marker_;
};

}  // namespace

int run_cutover(const Config& config, const Options& options, const std::stop_token& stop) {
  CutoverRun run{config, options, stop};
  if (options.cutover.aborts) return run.abort();
  return options.cutover.is_dry ? run.show() : run.run();
}

int roll_back_cutover(const Config& config, const Options& options, const std::stop_token& stop) {
  return CutoverRun{config, options, stop}.roll_back();
}

std::optional<std::string> cutover_is_over(const Config& config) {
  pg::Session target(target_params(config), "start");
  const auto run = cutover::last_run(target, config.target.ledger_schema);
  if (!run || !(run->is_done() || run->is_past_return())) return std::nullopt;
  if (run->is_done()) return "the cutover is done, since " + run->whole.finished_at + ": there is nothing left to sync";
  return std::string{
      "the cutover is past the point of no return: `agent cutover` finishes it, and there is nothing left to sync"};
}

}  // namespace agent
