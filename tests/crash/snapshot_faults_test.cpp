// What may happen to a snapshot while it is taken: its sessions are ended, its rows go and come, its workers fail. A failpoint holds the
// agent where it hurts; nothing here waits for time to pass.
#include <fmt/format.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <string>
#include <thread>

#include "tests/crash/staff.hpp"
#include "tests/support/wait.hpp"

namespace {

tests::AgentUnderTest::Environment armed(const std::string& failpoints) { return {{"AGENT_FAILPOINTS", failpoints}}; }

/// Waits for a session of the agent on the source whose application name ends like this, and ends it.
void end_session(const crash::Staff& staff, const std::string& purpose) {
  const auto is_ended = [&] {
    return staff.pair.source_admin
               .query_value(
                   "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
                   "current_database() AND application_name ~ '^dispatch-sync/" +
                   purpose + "$'")
               .value_or("f") == "t";
  };
  tests::wait_until(is_ended, "a session for " + purpose);
}

void wait_for_failpoint(crash::Staff& staff, const std::string& place) {
  staff.pair.agent.process().wait_for_line("failpoint " + place + " ");
}

/// The agent, running or not, comes to rest and is compared.
void expect_rest(crash::Staff& staff) {
  if (!staff.pair.agent.is_running()) staff.pair.agent.start();
  staff.pair.agent.wait_streaming();
  staff.pair.agent.wait_applied();
  BOOST_TEST(staff.pair.agent.stop() == 0, staff.pair.agent.process().err());
  staff.expect_one_slot();
  staff.expect_nothing_ahead();
  staff.expect_equal();
}

std::string control_status(const crash::Staff& staff) {
  return staff.pair.on_target(
      "SELECT string_agg(DISTINCT status, ' ') FROM dispatch_sync.migration_control WHERE phase = 'snapshot'");
}

}  // namespace

// reliability 51
BOOST_AUTO_TEST_CASE(a_snapshot_whose_holder_is_killed_goes_on_under_a_new_one) {
  crash::Staff staff;
  staff.pair.agent.start(armed("before_snapshot_imported=wait:3000"));
  wait_for_failpoint(staff, "before_snapshot_imported");
  end_session(staff, "slot-snapshot");
  staff.change(1);
  staff.pair.agent.process().wait_for_line("the snapshot was interrupted");
  expect_rest(staff);
}

// reliability 52
BOOST_AUTO_TEST_CASE(a_chunk_whose_copy_was_ended_is_not_taken_for_finished) {
  crash::Staff staff;
  staff.pair.agent.options().chunk_rows = 1'000;
  staff.pair.agent.configure();
  // Its last rows are still on the way when the session ends.
  staff.pair.source.exec(
      "UPDATE person SET note = (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 300))");
  staff.pair.agent.start(armed("in_copy=wait:800"));
  for (int i = 0; i < 3; ++i) {
    end_session(staff, "snapshot-[12]");
    staff.change(i);
  }
  staff.pair.agent.process().wait_for_line("the snapshot was interrupted");
  expect_rest(staff);
}

// reliability 54, 55
BOOST_AUTO_TEST_CASE(rows_that_go_or_move_between_the_chunks_of_two_snapshots_are_copied_once) {
  crash::Staff staff;
  staff.pair.agent.start(armed("after_chunk_finished=kill@12"));
  BOOST_REQUIRE(staff.pair.agent.wait() == tests::kKilled);
  // Rows move through the files, some of the finished chunks' and some of the others' go, and some of either come back.
  staff.pair.source.exec(
      "CREATE TEMPORARY TABLE kept AS SELECT * FROM person WHERE id % 10 = 3;"
      "DELETE FROM person WHERE id % 5 = 3; INSERT INTO person SELECT * FROM kept");
  staff.pair.source.exec("VACUUM FULL person");
  staff.pair.source.exec("CLUSTER person_badge USING person_badge_pkey");
  staff.pair.source.exec("UPDATE person SET note = NULL WHERE id % 7 = 0");
  staff.pair.source.exec("VACUUM FULL team");
  expect_rest(staff);
  BOOST_TEST(staff.pair.on_target("SELECT count(*) FROM people WHERE legacy_id % 10 = 8") == "0");
}

// reliability 12, 57: the error is for good, of one worker of two
BOOST_AUTO_TEST_CASE(a_worker_that_fails_fails_the_run_which_says_so_and_goes_on_later) {
  crash::Staff staff;
  const auto failed = staff.pair.agent.command({"snapshot"}, armed("in_copy=fail@9"));
  BOOST_TEST(failed.exit_code == 3, failed.err);
  BOOST_TEST(failed.err.find("failpoint=in_copy") != std::string::npos, failed.err);
  BOOST_TEST(failed.err.find("copying=") != std::string::npos, failed.err);
  BOOST_TEST(control_status(staff) == "failed running");
  const std::string table = failed.err.substr(failed.err.find("copying=") + 8, 5);
  const std::string status = staff.pair.agent.must({"status"});
  BOOST_TEST(status.find("the snapshot has failed: ") != std::string::npos, status);
  BOOST_TEST(status.find("copying=" + table) != std::string::npos, status);
  const auto refused = staff.pair.agent.command({"sync", "--until-current"});
  BOOST_TEST(refused.exit_code == 6, refused.err);
  staff.change(1);
  expect_rest(staff);
  BOOST_TEST(control_status(staff) == "done");
  BOOST_TEST(staff.pair.agent.must({"status"}).find("failed") == std::string::npos);
}

// reliability 4
BOOST_AUTO_TEST_CASE(a_snapshot_that_a_kill_ended_at_its_last_step_is_called_done) {
  crash::Staff staff;
  staff.pair.agent.start(armed("after_snapshot_finished=kill"));
  BOOST_REQUIRE(staff.pair.agent.wait() == tests::kKilled);
  expect_rest(staff);
  BOOST_TEST(control_status(staff) == "done");
}

// reliability 49, 8: one transaction begins before the slot exists, one while chunks are read; both end after the snapshot
BOOST_AUTO_TEST_CASE(transactions_that_are_open_across_the_snapshot_are_neither_lost_nor_doubled) {
  crash::Staff staff;
  tests::Sql early = staff.pair.source.session();
  early.exec("BEGIN; UPDATE person SET note = 'early' WHERE id = 10; DELETE FROM person_badge WHERE id = 11");
  staff.pair.agent.start(armed("in_copy=wait:30"));
  staff.pair.agent.process().wait_for_line("creating the slot waits for .*pid");
  tests::Sql aborted = staff.pair.source.session();
  aborted.exec("BEGIN; INSERT INTO person VALUES (700000, 'never', NULL, NULL, NULL)");
  early.exec("COMMIT");
  aborted.exec("ROLLBACK");
  wait_for_failpoint(staff, "in_copy");
  tests::Sql late = staff.pair.source.session();
  late.exec(
      "BEGIN; UPDATE person SET note = 'late' WHERE id IN (17, 1990); DELETE FROM person WHERE id = 18; INSERT INTO "
      "person VALUES (700001, 'late', 1, 17, NULL); UPDATE person SET id = 700002 WHERE id = 21");
  staff.pair.agent.wait_streaming();
  staff.swap_labels();
  late.exec("COMMIT");
  expect_rest(staff);
  BOOST_TEST(
      staff.pair.on_target("SELECT string_agg(note, ' ' ORDER BY legacy_id) FROM people WHERE legacy_id IN (10, 17, "
                           "1990)") == "early late late");
}

// reliability 50, 55, 72, 83: rows of every table are inserted, changed, deleted, re-keyed and truncated all the while
BOOST_AUTO_TEST_CASE(writers_of_all_kinds_during_the_snapshot_change_nothing_of_its_meaning) {
  crash::Staff staff;
  staff.pair.agent.start(armed("in_copy=wait:15;after_look_up=wait:5"));
  wait_for_failpoint(staff, "in_copy");
  std::atomic<bool> is_over = false;
  std::jthread writer{[&] {
    for (int n = 1; n < 60 && !is_over; ++n) {
      staff.change(n);
      if (n % 10 == 5) staff.truncate();
      if (n % 10 == 7) staff.swap_labels();
    }
  }};
  staff.pair.agent.wait_streaming();
  is_over = true;
  writer.join();
  expect_rest(staff);
}

// reliability 153, fact 7 of snapshots: the session that holds a snapshot is idle in a transaction for as long as it lasts
BOOST_AUTO_TEST_CASE(a_limit_on_idle_transactions_does_not_end_the_snapshot) {
  crash::Staff staff;
  staff.pair.source_admin.exec("ALTER DATABASE " + staff.pair.name +
                               " SET idle_in_transaction_session_timeout = '100ms'");
  staff.pair.target_admin.exec("ALTER DATABASE " + staff.pair.name +
                               " SET idle_in_transaction_session_timeout = '100ms'");
  staff.pair.agent.start(
      armed("before_snapshot_imported=wait:300;before_copy=wait:300@2;after_batch_begun=wait:300@2"));
  expect_rest(staff);
  BOOST_TEST(staff.pair.agent.process().err().find("interrupted") == std::string::npos,
             staff.pair.agent.process().err());
}

// reliability 14
BOOST_AUTO_TEST_CASE(sigterm_ends_the_snapshot_and_the_stream_in_order_and_a_second_one_harms_nothing) {
  crash::Staff staff;
  staff.pair.agent.start(armed("in_copy=wait:50"));
  wait_for_failpoint(staff, "in_copy");
  staff.pair.agent.process().kill(SIGTERM);
  staff.pair.agent.process().kill(SIGTERM);
  BOOST_TEST(staff.pair.agent.wait() == 0, staff.pair.agent.process().err());
  BOOST_TEST(control_status(staff) == "running");
  staff.expect_nothing_ahead();

  staff.change(1);
  staff.pair.agent.start(armed("before_target_commit=wait:100"));
  staff.pair.agent.wait_streaming();
  for (int n = 2; n < 8; ++n) staff.change(n);
  staff.pair.agent.process().kill(SIGTERM);
  staff.pair.agent.process().kill(SIGTERM);
  BOOST_TEST(staff.pair.agent.wait() == 0, staff.pair.agent.process().err());
  staff.expect_nothing_ahead();
  expect_rest(staff);
}

// reliability 32
BOOST_AUTO_TEST_CASE(a_slot_that_is_invalidated_during_the_snapshot_ends_the_copy_and_is_refused) {
  crash::Staff staff;
  staff.pair.agent.start(armed("in_copy=wait:150"));
  wait_for_failpoint(staff, "in_copy");
  const tests::Database admin = tests::shared_servers().source_cluster.database();
  admin.exec("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
  tests::shared_servers().source_cluster.reload();
  const auto is_lost = [&] {
    admin.exec("SELECT pg_switch_wal(); CHECKPOINT");
    return admin.query_value("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '" + staff.pair.name +
                             "'") == "lost";
  };
  tests::wait_until(is_lost, "the slot to be invalidated");
  admin.exec("ALTER SYSTEM RESET max_slot_wal_keep_size");
  tests::shared_servers().source_cluster.reload();
  BOOST_TEST(staff.pair.agent.wait() == 6);
  const std::string said = staff.pair.agent.process().err();
  for (const char* text : {"invalidated the replication slot", "copying=", "remedy:", "pg_drop_replication_slot"})
    BOOST_TEST(said.find(text) != std::string::npos, said);
  BOOST_TEST(control_status(staff) == "failed running");
  const tests::CommandResult again = staff.pair.agent.command({"run"});
  BOOST_TEST(again.exit_code == 6, again.err);
}
