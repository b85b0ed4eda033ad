// The reference mapping on the generated legacy database, judged by an oracle in SQL that shares nothing with the agent.
#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/dispatch_pair.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/wait.hpp"

namespace {

using tests::DispatchPair;
using tests::RouteTally;

/// Rows inserted, updated and deleted so far in each table of the target's public schema, by the server's own statistics.
/// The sessions that wrote must have ended, since a session reports when it is idle or gone.
std::map<std::string, std::string> writes_by_table(const tests::Database& target) {
  std::map<std::string, std::string> result;
  for (const auto& row :
       target.query_rows("SELECT relname, n_tup_ins || ' inserted, ' || n_tup_upd || ' updated, ' || n_tup_del || "
                         "' deleted' FROM pg_stat_user_tables WHERE schemaname = 'public'")) {
    result.emplace(row.at(0).value(), row.at(1).value());
  }
  return result;
}

/// Lets `agent quarantine retry` do what an operator does after L8 gave doctors to patients whose orders were refused. It
/// exits with 1 while rows are left, as some are meant to be.
void retry_quarantine(const DispatchPair& pair) {
  const auto result = pair.agent.command({"quarantine", "retry"});
  BOOST_TEST(result.exit_code <= 1, result.err);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_snapshot_equals_the_oracle_route_by_route, *boost::unit_test::label("matrix")) {
  const DispatchPair pair;
  pair.agent.must({"snapshot"});

  const std::map<std::string, RouteTally> expected = pair.generated_tally();
  const std::map<std::string, RouteTally> counted = pair.counters();
  BOOST_TEST(counted.size() == expected.size());
  for (const auto& [route, tally] : expected) {
    BOOST_REQUIRE_MESSAGE(counted.contains(route), "the agent has no route " << route);
    BOOST_TEST((counted.at(route) == tally),
               route << ": " << to_string(counted.at(route)) << "; expected " << to_string(tally));
  }
  pair.expect_equal_to_oracle();
}

// reliability 166
BOOST_AUTO_TEST_CASE(a_second_snapshot_rewrites_no_row) {
  const DispatchPair pair;
  pair.agent.must({"snapshot"});
  const auto has_no_session = [&] {
    return pair.servers.target_admin.query_value(
               "SELECT count(*) FROM pg_stat_activity WHERE usename = 'postgres' AND pid <> pg_backend_pid()") == "0";
  };
  tests::wait_until(has_no_session, "the agent's sessions to end and report");
  const auto before = writes_by_table(pair.servers.target_admin);
  BOOST_TEST(before.at("tasks") != "0 inserted, 0 updated, 0 deleted");

  const std::string said = pair.agent.must({"snapshot"});
  tests::wait_until(has_no_session, "the agent's sessions to end and report");
  const auto after = writes_by_table(pair.servers.target_admin);
  for (const auto& [table, writes] : after) {
    BOOST_TEST(before.at(table) == writes, table << ": " << before.at(table) << ", then " << writes << "; " << said);
  }
  pair.expect_equal_to_oracle();
}

BOOST_AUTO_TEST_CASE(ten_thousand_live_transactions_leave_the_target_equal_to_the_oracle,
                     *boost::unit_test::label("matrix")) {
  DispatchPair pair({.chunk_rows = 5'000});
  const auto seed = static_cast<std::int64_t>(tests::seed() % 1'000'000);
  // A quarter runs while the snapshot is being taken, beside a second session; any 10,000 in a row hold every kind.
  const auto first = pair.start_workload(seed, 2'500, 1);
  const auto second = pair.start_workload(seed + 1, 500, 5);
  pair.agent.start();
  pair.agent.wait_streaming();
  BOOST_TEST(first->wait(std::chrono::minutes(4)) == 0, first->err());
  BOOST_TEST(second->wait(std::chrono::minutes(4)) == 0, second->err());
  pair.workload(seed, 7'500, true);
  pair.agent.wait_applied(std::chrono::minutes(4));
  retry_quarantine(pair);
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());

  BOOST_TEST(pair.servers.source
                 .query_value("SELECT sum(executed + skipped) >= 10000 FROM workload.counts WHERE kind "
                              "<> 'L2 kept'")
                 .value_or("") == "t");
  for (const char* kind : {"L1", "L2", "L3", "L4", "L5", "L6", "L6 restore", "L7", "L8", "L9", "L10", "L11", "L12",
                           "L13", "L14", "L15", "L16", "L17", "plain"}) {
    BOOST_TEST(
        pair.servers.source
                .query_value("SELECT sum(executed) > 0 FROM workload.counts WHERE kind = '" + std::string(kind) + "'")
                .value_or("") == "t",
        kind << " was never executed");
  }
  pair.expect_equal_to_oracle();
}
