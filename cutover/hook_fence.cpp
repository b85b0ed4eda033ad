#include "cutover/hook_fence.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/error.hpp"
#include "core/pause.hpp"
#include "pg/quoting.hpp"
#include "pg/sqlstate.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kHookFenceLook{50};

Hook hook_of(const json& memory, const char* key) { return Hook{memory.at(key).get<std::vector<std::string>>()}; }

}  // namespace

HookFence::HookFence(pg::Session& session, const std::vector<core::QualifiedName>& tables, Hook up, Hook down,
                     std::function<std::string()> trial)
    : session_(session), others_(session), up_(std::move(up)), down_(std::move(down)), trial_(std::move(trial)) {
  for (const core::QualifiedName& table : tables) tables_.push_back(pg::quote_name(table));
}

std::string HookFence::obstacle() const {
  if (!up_.command().empty() && !down_.command().empty()) return {};
  return "agent.yaml names no programs for it (cutover.fence_command, cutover.lift_command)";
}

Plan HookFence::plan() const {
  return {{up_.display(), "", "a program of yours keeps writers away"},
          {"SELECT … FROM pg_stat_activity", "", "looks whether a session is left whose role may write"}};
}

json HookFence::remember() const { return {{"fence_command", up_.command()}, {"lift_command", down_.command()}}; }

Hook::Variables HookFence::variables(const char* action) {
  return {{"DISPATCH_SYNC_FENCE", action},
          {"DISPATCH_SYNC_DATABASE", session_.exec("select pg_catalog.current_database()").text(0, 0)}};
}

void HookFence::put_up(const json& memory, std::chrono::milliseconds limit, const std::stop_token& stop) {
  const auto give_up = Clock::now() + limit;
  hook_of(memory, "fence_command").run(variables("up"), limit, stop);
  up_since_ = others_.now();
  for (;;) {
    const std::string problem = breach(trial_());
    if (problem.empty()) return;
    if (Clock::now() < give_up && core::pause(kHookFenceLook, stop)) continue;
    throw Error(ErrorKind::Refused, "the fence does not hold: " + problem)
        .with("program", up_.display())
        .remedy("see why the program leaves them, then run `agent cutover` again");
  }
}

void HookFence::lift(const json& memory, std::chrono::milliseconds limit) {
  up_since_.reset();
  hook_of(memory, "lift_command").run(variables("down"), limit, {});
}

std::string HookFence::breach(const std::string& trial) {
  const bool is_read_only = trial == pg::kReadOnlyTransaction;
  // Who connects to a read-only database is a reader; of who was there before another process has made sure.
  if (is_read_only && !up_since_) return {};
  const auto left = others_.writers(tables_, is_read_only ? up_since_ : std::nullopt);
  if (left.empty()) return {};
  return std::to_string(left.size()) + " sessions of roles that may write are connected, such as " + left.front();
}

}  // namespace cutover
