#include "cutover/other_sessions.hpp"

#include <set>
#include <string_view>

#include "core/array_literal.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"
#include "cutover/definition.hpp"
#include "cutover/other_sessions_sql.hpp"
#include "cutover/revoke_fence_sql.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSessionLook{50};

std::string of_others(std::string_view sql) { return std::string{other_sessions_sql::kOthers}.append(sql); }

/// Waits for the next look. Throws when there is none any more.
void wait_on(const char* what, std::size_t left, const std::string& first, Clock::time_point give_up,
             const std::stop_token& stop) {
  if (Clock::now() < give_up && core::pause(kSessionLook, stop)) return;
  throw Error(ErrorKind::Source, std::string{what} + " of others on the source do not end")
      .with("left", std::to_string(left))
      .with("first", first)
      .remedy("see pg_stat_activity for what keeps them, then run `agent cutover` again");
}

}  // namespace

std::string OtherSessions::beyond_reach() {
  return session_.exec(of_others(other_sessions_sql::kBeyondReach)).text(0, 0);
}

std::string OtherSessions::now() { return session_.exec("select pg_catalog.clock_timestamp()").text(0, 0); }

void OtherSessions::end_those_before(const std::string& moment, Whom whom, std::chrono::milliseconds limit,
                                     const std::stop_token& stop) {
  const auto give_up = Clock::now() + limit;
  const std::string_view within_reach = whom == Whom::WithinReach ? "t" : "f";
  for (;;) {
    const pg::Result left =
        session_.exec(of_others(other_sessions_sql::kEnd), {std::string_view{moment}, within_reach});
    if (left.rows() == 0) return;
    wait_on("sessions", left.rows(), left.text(0, 0), give_up, stop);
  }
}

void OtherSessions::end_transactions(std::chrono::milliseconds limit, const std::stop_token& stop) {
  const auto give_up = Clock::now() + limit;
  std::optional<std::set<std::string>> open;
  for (;;) {
    const pg::Result found = session_.exec(of_others(other_sessions_sql::kTransactions));
    std::set<std::string> left;
    std::string first;
    for (std::size_t row = 0; row < found.rows(); ++row) {
      if (open && !open->contains(found.text(row, 0))) continue;
      left.insert(found.text(row, 0));
      if (first.empty()) first = found.text(row, 1);
      if (found.is_true(row, 2)) {
        const std::string pid = found.text(row, 3);
        session_.exec("select pg_catalog.pg_terminate_backend($1::pg_catalog.int4)", {std::string_view{pid}});
      }
    }
    if (left.empty()) return;
    const std::size_t count = left.size();
    open = std::move(left);
    wait_on("transactions", count, first, give_up, stop);
  }
}

void OtherSessions::await_writes(const std::vector<std::string>& tables, std::chrono::milliseconds limit,
                                 const std::stop_token& stop) {
  const std::string sql = std::string{revoke_fence_sql::kTables}.append(other_sessions_sql::kOpenWrites);
  const std::string names = core::text_array(tables);
  const auto give_up = Clock::now() + limit;
  for (;;) {
    const std::string open = session_.exec(sql, {std::string_view{names}}).text(0, 0);
    if (open.empty()) return;
    if (Clock::now() < give_up && core::pause(kSessionLook, stop)) continue;
    throw Error(ErrorKind::Refused, "somebody writes to the source in spite of the fence, and does not come to an end")
        .with("transactions", open)
        .with("waited_ms", std::to_string(limit.count()))
        .remedy("end it (pg_terminate_backend, or ROLLBACK PREPARED) or wait for it, then run `agent cutover` again");
  }
}

std::vector<std::string> OtherSessions::writers(const std::vector<std::string>& tables,
                                                const std::optional<std::string>& moment) {
  const std::string names = core::text_array(tables);
  const pg::Param since = moment ? pg::Param{*moment} : std::nullopt;
  const pg::Result found = session_.exec(of_others(other_sessions_sql::kWriters), {std::string_view{names}, since});
  std::vector<std::string> result;
  for (std::size_t row = 0; row < found.rows(); ++row) result.push_back(found.text(row, 0));
  return result;
}

std::string OtherSessions::names() { return session_.exec(of_others(other_sessions_sql::kNames)).text(0, 0); }

}  // namespace cutover
