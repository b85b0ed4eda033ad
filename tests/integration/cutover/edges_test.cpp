#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/integration/cutover/switched_people.hpp"
#include "tests/support/wait.hpp"

using cutover_tests::SwitchedPeople;
using tests::CommandResult;

namespace {

/// What both servers' catalogs and the ledger say, down to the transaction that wrote each row.
std::string everything(const SwitchedPeople& pair) {
  const std::string catalogs =
      "SELECT 'class', oid::text, relname::text, relkind::text, xmin::text FROM pg_class WHERE relpersistence <> 't' "
      "UNION ALL SELECT 'column', attrelid::text, attname::text, attnum::text, xmin::text FROM pg_attribute "
      "UNION ALL SELECT 'constraint', oid::text, conname::text, convalidated::text, xmin::text FROM pg_constraint "
      "UNION ALL SELECT 'trigger', oid::text, tgname::text, tgenabled::text, xmin::text FROM pg_trigger "
      "UNION ALL SELECT 'setting', setdatabase::text, setrole::text, setconfig::text, xmin::text FROM "
      "pg_db_role_setting "
      "UNION ALL SELECT 'publication', oid::text, pubname::text, '', xmin::text FROM pg_publication ORDER BY 1, 2, 3, "
      "4";
  return tests::as_text(pair.source_admin.query_rows(catalogs)) +
         tests::as_text(pair.target_admin.query_rows(catalogs)) +
         tests::as_text(pair.source_admin.query_rows("SELECT slot_name FROM pg_replication_slots ORDER BY 1")) +
         tests::as_text(
             pair.target_admin.query_rows("SELECT c::text FROM dispatch_sync.migration_control c ORDER BY 1")) +
         tests::as_text(pair.target_admin.query_rows("SELECT a::text FROM dispatch_sync.audit_log a ORDER BY 1")) +
         tests::as_text(pair.target_admin.query_rows("SELECT c::text FROM dispatch_sync.checkpoint c ORDER BY 1"));
}

/// A cutover that waits for two seconds where the step with this number begins.
tests::AgentUnderTest::Environment wait_at_begin_of(int step) {
  return {{"AGENT_FAILPOINTS", "after_step_begun=wait:2000@" + std::to_string(step)}};
}

/// Somebody who writes in another database of the source's server, and does not come to an end.
tests::Sql writer_elsewhere() {
  tests::Sql session(tests::shared_servers().source_cluster.url("postgres", "postgres"));
  session.exec("BEGIN; SELECT txid_current()");
  return session;
}

}  // namespace

// reliability 104i
BOOST_AUTO_TEST_CASE(a_dry_run_names_every_step_and_leaves_both_catalogs_and_the_ledger_as_they_are) {
  SwitchedPeople pair(20);
  pair.list_a_column_for_cleanup();
  pair.bring_over();
  pair.agent.must({"validate"});
  const std::string before = everything(pair);
  const std::string text = pair.agent.must({"cutover", "--dry-run"});
  const auto json = nlohmann::json::parse(pair.agent.must({"cutover", "--dry-run", "--json"}));
  BOOST_TEST(everything(pair) == before, tests::differing_lines(before, everything(pair)));
  for (const char* line : {"check: ", "fence: ", "ALTER DATABASE", "drain: ", "validate: ", "settle: ", "ANALYZE",
                           "mappings: ", "DROP VIEW", "point of no return", "cleanup: ", "DROP COLUMN",
                           "release: ", "pg_drop_replication_slot", "DROP PUBLICATION", "report: "}) {
    BOOST_TEST(text.find(line) != std::string::npos, line << " is missing in:\n" << text);
  }
  BOOST_TEST(text.find("point of no return") < text.find("cleanup: "));
  BOOST_TEST(text.find("mappings: ") < text.find("point of no return"));
  BOOST_TEST(json.at("point_of_no_return") == "cleanup");
  for (const char* step : {"fence", "settle", "mappings", "cleanup", "release"}) BOOST_TEST(!json.at(step).empty());
}

// reliability 121
BOOST_AUTO_TEST_CASE(the_last_transaction_before_the_fence_comes_over_and_one_that_is_open_then_is_rolled_back) {
  SwitchedPeople pair(20);
  pair.bring_over();
  pair.agent.must({"validate"});
  tests::Sql open = pair.source.session();
  open.exec("BEGIN; INSERT INTO person VALUES (800, 'open', 1)");
  pair.source.exec("INSERT INTO person VALUES (801, 'last', 1)");
  pair.agent.must({"cutover", "--yes"});
  BOOST_CHECK_THROW(open.exec("COMMIT"), tests::SqlError);
  pair.require_switched();
  BOOST_TEST(pair.on_target("SELECT string_agg(name, ',') FROM people WHERE legacy_id >= 800") == "last");
}

// reliability 104: no step holds the source for longer than it may
BOOST_AUTO_TEST_CASE(a_target_that_takes_no_rows_holds_the_source_no_longer_than_the_drain_may_take) {
  SwitchedPeople pair(20);
  pair.agent.options().cutover = "{ drain_timeout: 2s }";
  pair.agent.configure();
  pair.bring_over();
  pair.agent.must({"validate"});
  pair.target_admin.exec(
      "CREATE FUNCTION public.wait_for_me() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
      "pg_advisory_xact_lock(7); RETURN NEW; END'; "
      "CREATE TRIGGER wait_for_me BEFORE INSERT ON public.people FOR EACH ROW EXECUTE FUNCTION public.wait_for_me(); "
      "ALTER TABLE public.people ENABLE ALWAYS TRIGGER wait_for_me");
  tests::Sql holder = pair.target.session();
  holder.exec("SELECT pg_advisory_lock(7)");
  pair.source.exec("INSERT INTO person VALUES (801, 'last', 1)");
  const CommandResult late = pair.agent.command({"cutover", "--yes"});
  BOOST_TEST(late.exit_code == 6, late.err);
  BOOST_TEST(late.err.find("does not arrive in time") != std::string::npos, late.err);
  BOOST_TEST(late.err.find("drain_timeout") != std::string::npos, late.err);
  pair.require_as_before();
  holder.exec("SELECT pg_advisory_unlock(7)");
  pair.agent.must({"cutover", "--yes"});
  pair.require_switched();
}

// reliability 104b: what is not committed yet is seen by no slot
BOOST_AUTO_TEST_CASE(what_is_written_in_spite_of_the_fence_and_not_committed_is_named_and_waited_for) {
  SwitchedPeople pair(20);
  pair.agent.options().cutover = "{ fence_timeout: 1s }";
  pair.agent.configure();
  pair.make_ready();
  tests::Sql writer = pair.source_admin.session();
  const auto cutover = pair.agent.begin({"cutover", "--yes"}, wait_at_begin_of(5));
  cutover->wait_for_line("mappings:");
  writer.exec("SET default_transaction_read_only = off; SET application_name = 'stubborn'");
  writer.exec("BEGIN; INSERT INTO person VALUES (801, 'in spite of it', 1)");
  BOOST_TEST(cutover->wait() == 6, cutover->err());
  for (const std::string& what :
       {"pid " + std::to_string(writer.backend_pid()), std::string("stubborn) on public.person"),
        std::string("aborted, the source takes writes again")}) {
    BOOST_TEST(cutover->err().find(what) != std::string::npos, what << " is missing in:\n" << cutover->err());
  }
  pair.require_as_before();
  writer.exec("COMMIT");
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 104: whatever ends the cutover before the point of no return gives the source back
BOOST_AUTO_TEST_CASE(a_target_that_ends_all_sessions_behind_the_fence_gives_the_source_back) {
  for (const int step : {2, 3, 4, 5}) {
    BOOST_TEST_CONTEXT("while step " << step << " begins") {
      SwitchedPeople pair(20);
      pair.make_ready();
      const auto cutover = pair.agent.begin({"cutover", "--yes"}, wait_at_begin_of(step));
      cutover->wait_for_line(std::vector{"drain:", "validate:", "settle:", "mappings:"}.at(step - 2));
      pair.target_admin.exec(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dispatch-sync/%' AND "
          "datname = current_database()");
      BOOST_TEST(cutover->wait() == 4, cutover->err());
      BOOST_TEST(cutover->err().find("aborted, the source takes writes again") != std::string::npos, cutover->err());
      pair.require_as_before();
    }
  }
}

// reliability 104: no step holds the source for longer than it may
BOOST_AUTO_TEST_CASE(a_transaction_of_another_database_is_not_waited_for_behind_the_fence) {
  for (const bool is_beside : {false, true}) {
    BOOST_TEST_CONTEXT("beside an agent: " << is_beside) {
      SwitchedPeople pair(20);
      pair.make_ready();
      if (is_beside) {
        pair.agent.start();
        pair.agent.wait_streaming();
      }
      const auto cutover = pair.agent.begin({"cutover", "--yes"}, wait_at_begin_of(2));
      cutover->wait_for_line("drain:");
      tests::Sql other = writer_elsewhere();
      BOOST_TEST(cutover->wait() == 0, cutover->err());
      BOOST_TEST(other.query_value("SELECT txid_current_if_assigned() IS NOT NULL").value() == "t");
      pair.require_switched();
    }
  }
}

// reliability 104: no step holds the source for longer than it may
BOOST_AUTO_TEST_CASE(
    a_transaction_of_another_database_that_the_fence_meets_is_named_and_waited_for_no_longer_than_it_may_be) {
  SwitchedPeople pair(20);
  pair.agent.options().cutover = "{ fence_timeout: 1s }";
  pair.agent.configure();
  pair.make_ready();
  tests::Sql other = writer_elsewhere();
  const CommandResult late = pair.agent.command({"cutover", "--yes"});
  BOOST_TEST(late.exit_code == 6, late.err);
  for (const std::string& what :
       {"pid " + std::to_string(other.backend_pid()), std::string("in database postgres since "),
        std::string("cutover.fence_timeout"), std::string("aborted, the source takes writes again")}) {
    BOOST_TEST(late.err.find(what) != std::string::npos, what << " is missing in:\n" << late.err);
  }
  pair.require_as_before();
  other.exec("ROLLBACK");
  pair.agent.must({"cutover", "--yes"});
  pair.require_switched();
}

// reliability 104: no step holds the source for longer than it may
BOOST_AUTO_TEST_CASE(a_comparison_that_finds_no_moment_to_begin_at_gives_the_source_back_in_time) {
  for (const bool is_beside : {false, true}) {
    BOOST_TEST_CONTEXT("beside an agent: " << is_beside) {
      SwitchedPeople pair(20);
      pair.agent.options().cutover = "{ drain_timeout: 3s }";
      pair.agent.configure();
      pair.make_ready();
      if (is_beside) {
        pair.agent.start();
        pair.agent.wait_streaming();
      }
      {
        const faults::HeldInserts held{pair, "people"};
        const auto cutover = pair.agent.begin({"cutover", "--yes"}, wait_at_begin_of(3));
        cutover->wait_for_line("validate:");
        tests::Sql writer = pair.source_admin.session();
        writer.exec("SET default_transaction_read_only = off");
        writer.exec("INSERT INTO person VALUES (801, 'in spite of it', 1)");
        BOOST_TEST(cutover->wait() == 6, cutover->err());
        BOOST_TEST(cutover->err().find("did not come to a common moment in time") != std::string::npos, cutover->err());
        BOOST_TEST(cutover->err().find("drain_timeout") != std::string::npos, cutover->err());
      }
      pair.require_as_before();
      if (is_beside) {
        pair.agent.wait_applied();
        BOOST_TEST(pair.agent.stop() == 0);
      }
      pair.bring_over();
      BOOST_CHECK_NO_THROW(pair.require_equal());
    }
  }
}

// reliability 104: no step holds the source for longer than it may
BOOST_AUTO_TEST_CASE(a_long_statement_of_settling_ends_with_the_signal_and_the_source_is_given_back) {
  SwitchedPeople pair(20);
  pair.make_ready();
  pair.target.exec(
      "CREATE FUNCTION slow(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(100); RETURN true; END'; "
      "ALTER TABLE people ADD CONSTRAINT lasts CHECK (slow(name)) NOT VALID");
  const auto cutover = pair.agent.begin({"cutover", "--yes"});
  const std::string validating =
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE%VALIDATE CONSTRAINT%' AND state = 'active' "
      "AND datname = current_database()";
  cutover->wait_for_line("settle:");
  tests::wait_until([&] { return pair.target_admin.query_value(validating) == "1"; }, "the statement");
  cutover->kill(SIGTERM);
  BOOST_TEST(cutover->wait() == 7, cutover->err());
  pair.require_as_before();
  BOOST_TEST(pair.target_admin.query_value(validating).value() == "0");
}

// reliability 104e
BOOST_AUTO_TEST_CASE(what_hangs_on_a_column_that_cleanup_would_drop_stops_the_cutover_before_the_fence) {
  SwitchedPeople pair(20);
  pair.list_a_column_for_cleanup();
  pair.target.exec("CREATE VIEW oldies AS SELECT id, old FROM people");
  pair.bring_over();
  pair.agent.must({"validate"});
  for (const auto& command : {std::vector<std::string>{"cutover", "--dry-run"}, {"cutover", "--yes"}}) {
    const CommandResult refused = pair.agent.command(command);
    BOOST_TEST(refused.exit_code == 6, refused.err);
    BOOST_TEST((refused.out + refused.err).find("oldies") != std::string::npos, refused.out + refused.err);
  }
  BOOST_TEST(pair.on_target("SELECT count(*) FROM dispatch_sync.migration_control WHERE phase = 'cutover'") == "0");
  pair.require_as_before();
}
