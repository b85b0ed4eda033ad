// Peers that say nothing: half-open connections, a stop while the network hangs, and what a broken link leaves on a server.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/network/remote_staff.hpp"
#include "tests/support/agent_binary.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/wait.hpp"

namespace {

using network::kCommit;
using network::kStream;
using network::RemoteStaff;
using tests::Direction;
using tests::Newcomers;
using tests::TrapAction;
using Clock = std::chrono::steady_clock;

/// SIGTERM, and the end within ten seconds, with exit code 0.
void expect_stop_in_time(RemoteStaff& staff, const std::string& state) {
  const auto began = Clock::now();
  BOOST_TEST(staff.pair.agent.stop() == 0, state << ":\n" << staff.pair.agent.process().err());
  const auto took = std::chrono::duration<double>(Clock::now() - began).count();
  BOOST_TEST(took < 10.0 * tests::kSlowness, state << " took " << took << " s");
  staff.expect_sound();
  staff.target_line.clear_traps();
  staff.target_line.release();
  staff.source_line.release();
}

/// The agent waits for a lock on the target.
void wait_blocked(const RemoteStaff& staff) {
  tests::wait_until(
      [&] {
        return staff.pair.target_admin.query_value(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                   "'Lock' AND application_name LIKE 'dispatch-sync/apply%'") != "0";
      },
      "the agent to wait for a lock");
}

}  // namespace

// reliability 24, 28. The source does not notice for a minute that the link is gone.
BOOST_AUTO_TEST_CASE(a_walsender_that_a_broken_link_leaves_behind_is_ended_and_the_stream_goes_on) {
  RemoteStaff staff;
  staff.start_streaming();
  const int walsender = staff.walsender();
  staff.source_line.cut_clients(kStream);
  staff.change(1);
  staff.wait_applied(std::chrono::seconds(40));
  BOOST_TEST(staff.walsender() != walsender);
  staff.pair.agent.process().wait_for_line("ended the walsender of a connection that had broken");
  staff.expect_converged();
}

// reliability 24
BOOST_AUTO_TEST_CASE(a_silent_source_is_given_up_and_asked_again) {
  RemoteStaff staff;
  // Half of this after the last word the agent asks, and after the whole it connects anew.
  staff.pair.source_admin.exec("ALTER DATABASE " + staff.pair.name + " SET wal_sender_timeout = '2s'");
  staff.start_streaming();
  // The kernel behind it still answers, so that TCP has nothing to complain of.
  staff.source_line.freeze(kStream);
  staff.change(1);
  staff.wait_applied();
  staff.pair.agent.process().wait_for_line("nothing was heard from the source for its whole timeout");
  // Nobody acknowledges a packet any more.
  staff.source_line.vanish();
  staff.change(2);
  staff.wait_applied();
  staff.expect_converged();
}

// reliability 24
BOOST_AUTO_TEST_CASE(a_silent_source_is_never_said_to_be_caught_up_with) {
  RemoteStaff staff;
  const auto status = [&] { return nlohmann::json::parse(staff.pair.agent.status()); };
  staff.start_streaming();
  staff.pair.source_admin.exec("SELECT pg_switch_wal()");  // the source's log moves on, without a change
  const nlohmann::json sound = status();
  BOOST_TEST(sound.at("lag_seconds").get<double>() == 0, sound.dump());
  BOOST_TEST(!sound.contains("unheard_seconds"), sound.dump());
  staff.source_line.freeze(kStream);
  staff.change(1);
  tests::wait_until([&] { return status().at("lag_seconds").get<double>() > 3; }, "the silence to show as lag");
  BOOST_TEST(status().at("unheard_seconds").get<double>() > 3);
  BOOST_TEST(staff.pair.agent.must({"status"}).find("nothing was heard from the source for ") != std::string::npos);
  staff.source_line.release();
  staff.wait_applied();
  tests::wait_until([&] { return status().at("lag_seconds").get<double>() == 0; }, "the lag to end");
  BOOST_TEST(!status().contains("unheard_seconds"));
  staff.expect_converged();
}

// reliability 16, 24
BOOST_AUTO_TEST_CASE(a_target_that_vanishes_is_noticed_while_sending_and_while_waiting_for_a_reply) {
  RemoteStaff staff;
  staff.start_streaming();
  staff.target_line.vanish();  // what is sent stays unacknowledged: tcp_user_timeout
  staff.change(1);
  staff.wait_applied();
  staff.target_line.set_trap({.pattern = kCommit, .action = TrapAction::HoldReply});
  staff.change(2);
  staff.target_line.wait_sprung();
  tests::wait_until([&] { return staff.target_line.counts().held_to_client > 0; }, "the reply to be held");
  staff.target_line.vanish();  // all that was sent is acknowledged: keepalives
  staff.wait_applied();
  staff.expect_converged();
}

// reliability 14
BOOST_AUTO_TEST_CASE(a_stop_ends_in_time_whatever_the_network_does) {
  RemoteStaff staff;
  staff.start_streaming();
  int n = 0;

  staff.target_line.set_trap({.pattern = kCommit, .action = TrapAction::Hold});
  staff.change(++n);
  staff.target_line.wait_sprung();
  expect_stop_in_time(staff, "a COMMIT without reply");

  staff.start_streaming();
  tests::Sql holder = staff.pair.target_admin.session();
  holder.exec("BEGIN; LOCK TABLE people");
  staff.change(++n);
  wait_blocked(staff);
  expect_stop_in_time(staff, "a lock on the target");
  holder.exec("ROLLBACK");

  staff.start_streaming();
  staff.target_line.set_newcomers(Newcomers::Frozen);
  staff.target_line.cut();
  staff.change(++n);
  const std::size_t before = staff.target_line.counts().accepted;
  tests::wait_until([&] { return staff.target_line.counts().accepted > before; }, "the agent to connect");
  expect_stop_in_time(staff, "a target that takes connections and says nothing");

  staff.start_streaming();
  staff.source_line.freeze();
  expect_stop_in_time(staff, "a silent source");

  staff.start_streaming();
  staff.source_line.set_newcomers(Newcomers::Ignored);
  staff.source_line.cut(kStream);
  staff.pair.agent.process().wait_for_line("connecting again attempt=1 ");
  expect_stop_in_time(staff, "a source that cannot be reached");

  staff.source_line.set_newcomers(Newcomers::Frozen);
  const std::size_t accepted = staff.source_line.counts().accepted;
  staff.pair.agent.start();
  tests::wait_until([&] { return staff.source_line.counts().accepted > accepted; }, "the agent to start");
  expect_stop_in_time(staff, "a start that gets no answer");

  staff.expect_converged();
}

// reliability 14, 22
BOOST_AUTO_TEST_CASE(a_stop_ends_in_time_while_the_snapshot_hangs) {
  RemoteStaff staff(100);
  staff.source_line.set_trap({.pattern = "COPY (", .action = TrapAction::HoldReply, .skip = 5});
  staff.pair.agent.start();
  staff.source_line.wait_sprung();
  expect_stop_in_time(staff, "a COPY that brings nothing");
  BOOST_TEST(staff.pair.on_target("SELECT count(*) FROM dispatch_sync.migration_control WHERE phase = "
                                  "'snapshot' AND status = 'done'") == "0");
  staff.target_line.set_trap({.pattern = kCommit, .action = TrapAction::DropReply, .skip = 4});
  staff.pair.agent.start();
  staff.target_line.wait_sprung();
  expect_stop_in_time(staff, "a COMMIT of a worker without reply");
  staff.expect_converged();
}

// reliability 19, 41, 148
BOOST_AUTO_TEST_CASE(a_target_blocked_for_longer_than_wal_sender_timeout_costs_neither_walsender_nor_rows) {
  RemoteStaff staff;
  staff.pair.source_admin.exec("ALTER DATABASE " + staff.pair.name + " SET wal_sender_timeout = '2s'");
  staff.pair.source_admin.exec("CREATE TABLE oracle.unpublished (id integer)");
  staff.start_streaming();
  const int walsender = staff.walsender();
  tests::Sql holder = staff.pair.target_admin.session();
  holder.exec("BEGIN; LOCK TABLE people");
  staff.change(1);
  wait_blocked(staff);
  const std::string checkpoint = staff.checkpoint();
  // Three times the timeout; meanwhile keepalives carry positions far beyond what is applied.
  tests::wait_until(
      [&] {
        staff.pair.source_admin.exec("INSERT INTO oracle.unpublished SELECT generate_series(1, 100)");
        staff.expect_sound();
        return staff.pair.target_admin.query_value(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in "
                   "transaction' AND now() - xact_start > interval '6 s'") != "0";
      },
      "six seconds to pass");
  BOOST_TEST(staff.walsender() == walsender, staff.pair.agent.process().err());
  BOOST_TEST(staff.checkpoint() == checkpoint);
  // What was received and not applied comes again.
  staff.pair.agent.kill();
  staff.expect_sound();
  holder.exec("ROLLBACK");
  staff.expect_converged();
}

// reliability 39, 40
BOOST_AUTO_TEST_CASE(a_slot_moves_on_while_only_tables_that_nobody_wants_are_written) {
  RemoteStaff staff;
  staff.pair.source_admin.exec("ALTER DATABASE " + staff.pair.name + " SET wal_sender_timeout = '2s'");
  staff.pair.source_admin.exec("CREATE TABLE oracle.unpublished (id integer)");
  staff.start_streaming();
  staff.pair.source_admin.exec("INSERT INTO oracle.unpublished SELECT generate_series(1, 10000)");
  tests::Database other = tests::shared_servers().source_cluster.database();
  other.exec("CREATE TABLE IF NOT EXISTS of_another_database (id integer)");
  other.exec("INSERT INTO of_another_database SELECT generate_series(1, 10000)");
  const std::string position = staff.pair.source.query_value("SELECT pg_current_wal_flush_lsn()").value();
  tests::wait_until(
      [&] {
        staff.expect_sound();
        return staff.pair.source.query_value("SELECT '" + staff.acknowledged() + "'::pg_lsn >= '" + position +
                                             "'::pg_lsn") == "t";
      },
      "the slot to follow");
  staff.expect_converged();
}

// reliability 147, 158
BOOST_AUTO_TEST_CASE(a_link_that_breaks_at_the_moment_of_a_clean_stop_costs_nothing) {
  RemoteStaff staff;
  staff.start_streaming();
  for (int n = 0; n < 5; ++n) staff.change(n);
  staff.source_line.set_trap({.pattern = std::string("c\0\0\0\4", 5), .action = TrapAction::Cut});  // CopyDone
  BOOST_TEST(staff.pair.agent.stop() == 0, staff.pair.agent.process().err());
  staff.expect_sound();
  staff.expect_converged();
}

// reliability 147, 149
BOOST_AUTO_TEST_CASE(a_sync_to_a_goal_reports_success_only_when_all_of_it_is_there) {
  RemoteStaff staff;
  staff.pair.bring_over();
  for (int n = 0; n < 3; ++n) staff.change(n);
  // The first COMMIT takes the checkpoint; a connection that breaks before anything runs ends the command.
  staff.target_line.set_trap({.pattern = kCommit, .action = TrapAction::Cut, .skip = 1});
  const tests::CommandResult through = staff.pair.agent.command({"sync", "--until-current"});
  BOOST_TEST(through.exit_code == 0, through.err);
  BOOST_TEST(staff.target_line.counts().sprung == 1U);
  staff.expect_equal();
  staff.change(3);
  staff.change_everything();
  tests::Sql holder = staff.pair.target_admin.session();
  holder.exec("BEGIN; LOCK TABLE people");
  // timeout(1) asks it to stop as an operator would.
  tests::Process sync({.program = "/usr/bin/timeout",
                       .args = {"--preserve-status", "--signal=TERM", "3", tests::agent_binary().string(), "--config",
                                staff.pair.agent.config_file().string(), "sync", "--until-current"},
                       .directory = staff.pair.agent.directory()});
  BOOST_TEST(sync.wait() == 7, sync.err());
  BOOST_TEST(sync.out().starts_with("stopped"), sync.out());
  holder.exec("ROLLBACK");
  staff.pair.agent.must({"sync", "--until-current"});
  staff.expect_equal();
}
