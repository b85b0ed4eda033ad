// COMMIT and its reply are lost, held and late. Whatever becomes of them, a transaction is on the target once.

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>

#include "tests/network/remote_staff.hpp"
#include "tests/support/wait.hpp"

namespace {

using network::kCommit;
using network::kWriter;
using network::RemoteStaff;
using tests::Direction;
using tests::Newcomers;
using tests::TrapAction;

/// A transaction of one part, or of several: the parts before the last are in the open target transaction only.
struct Size {
  const char* name;
  bool is_large;
};
std::ostream& operator<<(std::ostream& out, const Size& size) { return out << size.name; }
const Size kOfOnePart{"of one part", false};
const Size kSizes[] = {kOfOnePart, {"of several parts", true}};

void commit_on_source(const RemoteStaff& staff, const Size& size) {
  if (size.is_large) {
    staff.pair.source.exec(
        "BEGIN; INSERT INTO person SELECT i, 'person ' || i, 1 + i % 40, NULL, 'of a large one' FROM "
        "generate_series(200000, 223000) i; UPDATE badge SET label = label || '!'; COMMIT");
  } else {
    staff.change(1);
  }
}

/// A transaction whose COMMIT is caught on its way to the target.
struct CaughtCommit : RemoteStaff {
  CaughtCommit(TrapAction action, const Size& size) {
    start_streaming();
    target_line.set_trap({.pattern = kCommit, .action = action});
    commit_on_source(*this, size);
    target_line.wait_sprung();
  }
};

}  // namespace

// reliability 16
BOOST_DATA_TEST_CASE(a_commit_whose_reply_is_lost_is_not_applied_again, boost::unit_test::data::make(kSizes), size) {
  CaughtCommit staff(TrapAction::CutAtReply, size);
  staff.wait_applied();
  staff.expect_converged();
}

// reliability 16
BOOST_DATA_TEST_CASE(a_commit_that_never_arrived_is_applied_whole_again, boost::unit_test::data::make(kSizes), size) {
  CaughtCommit staff(TrapAction::Cut, size);
  staff.wait_applied();
  staff.expect_converged();
}

// reliability 17
BOOST_DATA_TEST_CASE(a_commit_that_arrives_after_the_reconnect_finds_its_session_gone,
                     boost::unit_test::data::make(kSizes), size) {
  CaughtCommit staff(TrapAction::Hold, size);
  staff.target_line.cut_clients(kWriter);
  staff.wait_applied();
  staff.target_line.release();
  staff.expect_converged();
}

// reliability 17
BOOST_AUTO_TEST_CASE(a_commit_that_arrives_before_the_reconnect_counts) {
  CaughtCommit staff(TrapAction::Hold, kOfOnePart);
  const std::string before = staff.checkpoint();
  staff.target_line.set_newcomers(Newcomers::Refused);
  staff.target_line.cut_clients(kWriter);
  staff.pair.agent.process().wait_for_line("cannot connect to the target");
  BOOST_TEST(staff.checkpoint() == before);
  staff.target_line.release();
  tests::wait_until([&] { return staff.checkpoint() != before; }, "the late COMMIT to be done");
  staff.expect_converged();
}

// reliability 17. The row was never seen by the second agent: it comes and goes in what that one applies at once.
BOOST_AUTO_TEST_CASE(a_commit_of_a_killed_agent_that_arrives_late_leaves_no_row_behind) {
  RemoteStaff staff;
  staff.start_streaming();
  staff.target_line.set_trap({.pattern = kCommit, .action = TrapAction::Hold});
  staff.pair.source.exec("INSERT INTO badge VALUES (777, 'comes and goes')");
  staff.target_line.wait_sprung();
  staff.pair.agent.kill();
  staff.target_line.cut_clients();
  staff.pair.source.exec("DELETE FROM badge WHERE id = 777");
  staff.pair.agent.start();
  staff.pair.agent.wait_streaming();
  // The new agent has come as far as it can while the old COMMIT is under way: it waits, or it is done.
  const auto has_come_far = [&] {
    return staff.pair.target_admin.query_value(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
               "'Lock'") != "0" ||
           staff.pair.target_admin.query_value(
               "SELECT count(*) FROM dispatch_sync.checkpoint WHERE applied_lsn >= '" +
               staff.pair.source.query_value("SELECT pg_current_wal_flush_lsn()").value() + "'") != "0";
  };
  tests::wait_until(has_come_far, "the second agent to apply, or to wait");
  staff.expect_converged();
}

// reliability 17, 18
BOOST_AUTO_TEST_CASE(a_reply_held_until_after_the_reconnects_of_both_sides_changes_nothing) {
  RemoteStaff staff;
  staff.start_streaming();
  staff.target_line.set_trap({.pattern = kCommit, .action = TrapAction::HoldReply});
  staff.change(1);
  staff.target_line.wait_sprung();
  tests::wait_until([&] { return staff.target_line.counts().held_to_client > 0; }, "the reply to be held");
  // The source's side breaks while the target's answer is under way.
  const int walsender = staff.walsender();
  staff.pair.source_admin.exec("SELECT pg_terminate_backend(" + std::to_string(walsender) + ")");
  tests::wait_until([&] { return staff.walsender() != 0 && staff.walsender() != walsender; }, "another walsender");
  staff.change(2);
  staff.expect_sound();
  staff.target_line.release();
  staff.wait_applied();
  staff.expect_converged();
}

// reliability 18
BOOST_AUTO_TEST_CASE(a_reply_released_before_the_source_reconnects_changes_nothing) {
  RemoteStaff staff;
  staff.start_streaming();
  staff.target_line.set_trap({.pattern = kCommit, .action = TrapAction::HoldReply});
  staff.change(1);
  staff.target_line.wait_sprung();
  tests::wait_until([&] { return staff.target_line.counts().held_to_client > 0; }, "the reply to be held");
  staff.source_line.set_newcomers(Newcomers::Refused);
  staff.source_line.cut("dispatch-sync/stream");
  staff.target_line.release();
  staff.change(2);
  staff.pair.agent.process().wait_for_line("cannot connect to the source");
  staff.source_line.release();
  staff.wait_applied();
  staff.expect_converged();
}
