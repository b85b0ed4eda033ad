#include "agent/cutover_run.hpp"

#include <spdlog/spdlog.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <ranges>
#include <vector>

#include "agent/confirmation.hpp"
#include "agent/cutover_preview.hpp"
#include "agent/cutover_readiness.hpp"
#include "agent/cutover_result.hpp"
#include "agent/exit_code.hpp"
#include "agent/steps/sequence.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;
using cutover::Status;
using cutover::Step;
using steps::Action;

/// What it took back, nobody makes again: the source may have been written to since, without a slot that remembers.
void require_no_rollback(const std::optional<cutover::Run>& run) {
  if (!run || !run->is_rolling_back()) return;
  throw Error(ErrorKind::Refused, "a rollback of the cutover has begun and has not come to its end")
      .with("since", run->whole.finished_at)
      .remedy("run `agent rollback cutover`, which goes on, then `agent run`");
}

/// Goes through the steps, and writes down where it is.
class CutoverRun {
 public:
  CutoverRun(const Config& config, const Options& options, const std::stop_token& stop)
      : options_(options), site_(config, stop), sequence_(site_) {
    site_.validates_changed = options.cutover.validates_changed;
  }

  int show() {
    const std::vector<std::string> obstacles = obstacles_now();
    preview_cutover(sequence_, obstacles, options_.as_json);
    return to_int(obstacles.empty() ? ExitCode::Done : ExitCode::Refused);
  }

  int abort() {
    site_.take_turn();
    auto run = site_.journal.last();
    require_no_rollback(run);
    if (!run || !run->is_open()) {
      throw Error(ErrorKind::Refused, "no cutover is under way: there is nothing to abort")
          .remedy("agent status shows where the migration stands");
    }
    if (run->is_past_return()) {
      throw Error(ErrorKind::Refused, "the cutover is past the point of no return")
          .remedy(
              "run `agent cutover`, which finishes it; or go back with `agent rollback cutover`, after which every row "
              "is "
              "compared");
    }
    site_.run = std::move(*run);
    take_back("asked for");
    std::cout << (options_.as_json
                      ? "{\"status\": \"aborted\"}\n"
                      : "aborted: the source takes writes again; slot and publication are kept, and sync goes on\n");
    return to_int(ExitCode::Done);
  }

  int run() {
    site_.take_turn();
    auto last = site_.journal.last();
    require_no_rollback(last);
    if (last && last->is_done()) {
      print_result(*last, false, options_.as_json);
      return to_int(ExitCode::Done);
    }
    const bool goes_on = last && last->is_open();
    const std::string& database = site_.environment.source_identity.database;
    require_confirmation(options_.cutover.is_confirmed,
                         "Nobody will be able to write to the source from now on. Until the step `" +
                             std::string(to_string(cutover::kPointOfNoReturn)) +
                             "` everything can be taken back with `agent cutover --abort`.",
                         database);
    if (goes_on) {
      site_.run = std::move(*last);
      spdlog::info("going on with the cutover that began at {}", site_.run.whole.started_at);
    } else {
      require_ready();
      site_.run = site_.journal.begin({{"database", database}});
    }
    try {
      for (Action* action : sequence_.in_order()) perform(*action);
    } catch (const steps::NotEqual& found) {
      static_cast<void>(give_up(Error(ErrorKind::Refused, "source and target are not equal")));
      return to_int(found.has_differences ? ExitCode::Found : ExitCode::Incomplete);
    } catch (const Error& error) {
      if (site_.run.is_past_return() || !give_up(error)) return stand_still(error);
      if (site_.stop.stop_requested()) return to_int(ExitCode::Incomplete);
      throw Error{error}.with("cutover", "aborted, the source takes writes again");
    }
    site_.journal.write(site_.run, Step::Report, Status::Done);
    site_.journal.write(site_.run, Status::Done, sum_up(site_.run, site_.target));
    print_result(site_.run, true, options_.as_json);
    return to_int(ExitCode::Done);
  }

 private:
  std::vector<std::string> obstacles_now() {
    std::vector<std::string> obstacles = cutover_obstacles(site_.config, site_.environment, site_.source, site_.target);
    for (Action* action : sequence_.in_order()) {
      try {
        static_cast<void>(action->plan());
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Refused) throw;
        obstacles.emplace_back(error.what());
      }
    }
    return obstacles;
  }

  void require_ready() {
    const std::vector<std::string> obstacles = obstacles_now();
    if (obstacles.empty()) return;
    for (const std::string& obstacle : obstacles) spdlog::error("not ready: {}", obstacle);
    throw Error(ErrorKind::Refused, "the cutover does not begin: " + obstacles.front())
        .with("obstacles", std::to_string(obstacles.size()))
        .remedy("nothing was changed; `agent cutover --dry-run` lists all of them");
  }

  /// What was fenced, drained and compared before a crash is so again: only then nobody can have written in between.
  void perform(Action& action) {
    const Step step = action.step();
    if (is_over(step)) return;
    if (step == cutover::kPointOfNoReturn && !site_.run.is_past_return()) require_no_need_to_return();
    site_.require_not_stopped();
    spdlog::info("{}: {}", to_string(step), summary_of(step));
    const bool is_known = site_.run.steps.contains(step);
    site_.journal.write(site_.run, step, Status::Running, is_known ? nlohmann::json::object() : action.remember());
    FAILPOINT("after_step_begun");
    const nlohmann::json detail = action.run();
    FAILPOINT("before_step_ended");
    site_.journal.write(site_.run, step, Status::Done, detail);
    FAILPOINT("after_step_ended");
  }

  /// Behind the point of no return what is done is done, but for the fence: anybody may have taken it down meanwhile.
  [[nodiscard]] bool is_over(Step step) const {
    if (!site_.run.is_past_return() || !site_.run.is_done(step)) return false;
    return step != Step::Fence || site_.run.is_done(Step::Release);
  }

  void require_no_need_to_return() {
    sequence_.fence.require_unbroken();
    for (Action* action : sequence_.in_order()) {
      if (action->step() >= cutover::kPointOfNoReturn) static_cast<void>(action->plan());
    }
  }

  /// Nothing is taken back any more; what was reached stays, and the same command goes on.
  [[nodiscard]] int stand_still(const Error& error) const {
    if (site_.stop.stop_requested()) {
      spdlog::warn(
          "interrupted past the point of no return: the source takes no writes; run `agent cutover`, which goes on");
      return to_int(ExitCode::Incomplete);
    }
    throw Error{error}.with("cutover",
                            "past the point of no return: the source takes no writes, `agent cutover` goes on");
  }

  /// The last step first, the fence at the end: nobody writes to the source before the target is as it was.
  void take_back(const std::string& why) {
    spdlog::warn("taking the cutover back: {}", why);
    for (Action* action : sequence_.in_order() | std::views::reverse) {
      site_.journal.require_turn();
      if (!site_.run.has_begun(action->step()) || !action->take_back()) continue;
      is_open_again_ = action->step() == Step::Fence;
      site_.journal.write(site_.run, action->step(), Status::Aborted);
    }
    site_.journal.write(site_.run, Status::Aborted, {{"why", why}});
  }

  /// Takes everything back, or throws `error` with what became of it. False: by what the ledger says it is past the point of no return after all.
  [[nodiscard]] bool give_up(const Error& error) {
    std::string taken_over;
    try {
      taken_over = site_.regain();
      if (taken_over.empty() && site_.run.is_past_return()) return false;
      if (taken_over.empty()) take_back(error.message());
    } catch (const Error& failure) {
      if (is_open_again_) {
        spdlog::error("the source takes writes again, but the ledger could not be told: {}", failure.what());
        throw Error{error}
            .with("cutover", "aborted, the source takes writes again; the ledger still calls it open")
            .remedy("run `agent cutover --abort` once the target answers");
      }
      spdlog::error(
          "the fence could not be taken down, the source still takes no writes: {}; run `agent cutover --abort`",
          failure.what());
      throw Error{error}
          .with("cutover", "NOT aborted: the source takes no writes")
          .remedy("run `agent cutover --abort`");
    }
    if (taken_over.empty()) return true;
    spdlog::error("nothing is taken back: {}", taken_over);
    throw Error{error}
        .with("cutover", taken_over + ": this one has left everything as it is")
        .remedy("see `agent status`, and what the other process says");
  }

  const Options& options_;
  steps::Site site_;
  steps::Sequence sequence_;
  bool is_open_again_ = false;  // the fence was taken down
};

/// What a switch that is past the point of no return has come to; empty: there is none.
std::string said_of_switch(pg::Session& target, const Config& config) {
  const auto run = cutover::last_run(target, config.target.ledger_schema);
  require_no_rollback(run);
  if (!run || !run->is_past_return()) return {};
  return run->is_done() ? "the cutover is done, since " + run->whole.finished_at
                        : "the cutover is past the point of no return: `agent cutover` finishes it";
}

}  // namespace

int run_cutover(const Config& config, const Options& options, const std::stop_token& stop) {
  CutoverRun run{config, options, stop};
  if (options.cutover.aborts) return run.abort();
  return options.cutover.is_dry ? run.show() : run.run();
}

bool is_switched(const Config& config, bool as_json, std::shared_ptr<const core::StopDeadline> stop) {
  pg::Session target(target_params(config).with_stop(std::move(stop)), "start");
  const std::string said = said_of_switch(target, config);
  if (said.empty()) return false;
  const std::string message = said + ", and there is nothing left to sync";
  spdlog::info("{}", message);
  if (as_json) std::cout << nlohmann::ordered_json{{"switched", true}, {"message", message}}.dump(2) << '\n';
  return true;
}

void require_not_switched(const Config& config) {
  pg::Session target(target_params(config), "start");
  const std::string said = said_of_switch(target, config);
  if (said.empty()) return;
  throw Error(ErrorKind::Refused, said + ": the rows of the target belong to the new application")
      .remedy("nothing was changed. Put its rows right there; `agent rollback cutover` takes the switch back");
}

}  // namespace agent
