#include "cutover/source_fence.hpp"

#include <string_view>

#include "core/error.hpp"
#include "cutover/other_sessions.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;

/// Prepared transactions; enabled subscriptions. Works on PostgreSQL 10 and later.
constexpr std::string_view kCommonObstacles = R"sql(
select
  (select pg_catalog.count(*) from pg_catalog.pg_prepared_xacts x where x.database = pg_catalog.current_database()),
  (select pg_catalog.string_agg(s.subname, ', ') from pg_catalog.pg_subscription s
     join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = pg_catalog.current_database() and s.subenabled))sql";

constexpr std::string_view kFirstColumn = R"sql(
select attname from pg_catalog.pg_attribute where attrelid = $1::pg_catalog.regclass and attnum > 0 and not attisdropped
order by attnum limit 1)sql";

/// An agent that knew one method did not name it.
FenceMethod method_of(const json& memory) {
  return fence_method_of(memory.value("method", "")).value_or(FenceMethod::ReadOnly);
}

}  // namespace

SourceFence::SourceFence(pg::Session& session, FenceSettings settings)
    : session_(session),
      settings_(std::move(settings)),
      read_only_(session),
      revoke_(session, settings_.tables),
      hook_(session, settings_.tables, Hook{settings_.fence_command}, Hook{settings_.lift_command},
            [this] { return trial(); }) {}

std::string SourceFence::obstacle_of(FenceMethod method) {
  switch (method) {
    case FenceMethod::ReadOnly: return read_only_.obstacle();
    case FenceMethod::Revoke: return revoke_.obstacle();
    case FenceMethod::Command: return hook_.obstacle();
  }
  return {};
}

std::vector<FenceOption> SourceFence::options() {
  std::vector<FenceOption> options;
  for (const FenceMethod method : kFenceMethods) {
    if (!settings_.method || *settings_.method == method) options.push_back({method, obstacle_of(method)});
  }
  return options;
}

std::optional<FenceMethod> SourceFence::choose() {
  for (const FenceOption& option : options()) {
    if (option.obstacle.empty()) return option.method;
  }
  return std::nullopt;
}

std::string SourceFence::common_obstacle() {
  const pg::Result found = session_.exec(kCommonObstacles);
  if (found.integer(0, 0) != 0) {
    return found.text(0, 0) +
           " prepared transactions are open in this database: commit them or roll them back (pg_prepared_xacts)";
  }
  if (const std::string names = found.text(0, 1); !names.empty()) {
    return "subscriptions write to this database past any fence: ALTER SUBSCRIPTION … DISABLE for " + names;
  }
  return {};
}

std::string SourceFence::obstacle() {
  if (std::string common = common_obstacle(); !common.empty()) return common;
  if (choose()) return {};
  std::string text = "no fence is possible";
  for (const FenceOption& option : options()) {
    text.append("; ").append(to_string(option.method)).append(": ").append(option.obstacle);
  }
  return text;
}

Plan SourceFence::plan() {
  const FenceMethod method = choose().value_or(settings_.method.value_or(FenceMethod::ReadOnly));
  Plan plan;
  switch (method) {
    case FenceMethod::ReadOnly: plan = read_only_.plan(); break;
    case FenceMethod::Revoke: plan = revoke_.plan(); break;
    case FenceMethod::Command: plan = hook_.plan(); break;
  }
  plan.front().why = "fence `" + std::string{to_string(method)} + "`: " + plan.front().why;
  return plan;
}

json SourceFence::remember() {
  const auto method = choose();
  if (!method) {
    throw Error(ErrorKind::Refused, obstacle()).remedy("nothing was changed; `agent check` tells what is missing");
  }
  json memory;
  switch (*method) {
    case FenceMethod::ReadOnly: memory = read_only_.remember(); break;
    case FenceMethod::Revoke: memory = revoke_.remember(); break;
    case FenceMethod::Command: memory = hook_.remember(); break;
  }
  memory["method"] = to_string(*method);
  return memory;
}

void SourceFence::put_up(const json& memory, const std::stop_token& stop) {
  switch (method_of(memory)) {
    case FenceMethod::ReadOnly: read_only_.put_up(settings_.limit, stop); break;
    case FenceMethod::Revoke: revoke_.put_up(memory, settings_.limit, stop); break;
    case FenceMethod::Command: hook_.put_up(memory, settings_.limit, stop); break;
  }
  // One that was prepared by a transaction of before.
  if (const std::string common = common_obstacle(); !common.empty()) {
    throw Error(ErrorKind::Refused, "the fence does not hold: " + common).remedy("then run `agent cutover` again");
  }
  require_closed(memory);
}

void SourceFence::lift(const json& memory) {
  switch (method_of(memory)) {
    case FenceMethod::ReadOnly: return read_only_.lift(memory, settings_.limit);
    case FenceMethod::Revoke: return revoke_.lift(memory);
    case FenceMethod::Command: return hook_.lift(memory, settings_.limit);
  }
}

void SourceFence::require_closed(const json& memory) {
  const FenceMethod method = method_of(memory);
  std::string breach;
  switch (method) {
    case FenceMethod::ReadOnly: breach = read_only_.breach(trial(), settings_.limit); break;
    case FenceMethod::Revoke: breach = revoke_.breach(trial()); break;
    case FenceMethod::Command: breach = hook_.breach(trial()); break;
  }
  if (breach.empty()) return;
  throw Error(ErrorKind::Refused, "the fence does not hold: " + breach)
      .with("fence", std::string{to_string(method)})
      .remedy("close that way in, then run `agent cutover` again");
}

void SourceFence::await_open_writes(const std::stop_token& stop) {
  std::vector<std::string> names;
  for (const core::QualifiedName& table : settings_.tables) names.push_back(pg::quote_name(table));
  OtherSessions{session_}.await_writes(names, settings_.limit, stop);
}

std::string SourceFence::trial() const {
  pg::Session session(settings_.as_anybody, "cutover-trial");
  const std::string name = pg::quote_name(settings_.tables.front());
  const std::string column = pg::quote_identifier(session.exec(kFirstColumn, {std::string_view{name}}).text(0, 0));
  try {
    session.exec("UPDATE " + name + " SET " + column + " = " + column + " WHERE false");
  } catch (const Error& error) {
    if (error.sqlstate().empty()) throw;
    return error.sqlstate();
  }
  return {};
}

std::string others_connected(pg::Session& session) { return OtherSessions{session}.names(); }

}  // namespace cutover
