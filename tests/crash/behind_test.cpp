// The agent was killed between the target's COMMIT and its own write, and the next thing it is asked for is not the stream: what local state
// says of the rows is older than what the target has, and must not get there.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/crash/staff.hpp"
#include "tests/support/wait.hpp"

namespace {

struct Behind : crash::Staff {
  /// Local state knows nothing of `sql`, which the target has.
  void fall_behind(const std::string& sql) const {
    pair.source.exec("BEGIN; " + sql + "; COMMIT");
    const auto killed =
        pair.agent.command({"sync", "--until-current"}, {{"AGENT_FAILPOINTS", "after_target_commit=kill@1"}});
    BOOST_REQUIRE_MESSAGE(killed.exit_code == tests::kKilled, killed.err);
  }
};

// Of several tables: a row more, a row less, a row that is otherwise, parents that come and go.
const std::string kSomeOfAll =
    "INSERT INTO person VALUES (5001, 'new', 1, 2, 'n'), (5002, 'parked', 8, NULL, NULL); DELETE FROM person WHERE id "
    "= 11;"
    "UPDATE person SET name = 'other' WHERE id BETWEEN 20 AND 40; UPDATE team SET active = NOT active WHERE id < 10;"
    "INSERT INTO badge VALUES (900, 'new'); INSERT INTO person_badge VALUES (9001, 5001, 900)";

}  // namespace

// reliability 5
BOOST_AUTO_TEST_CASE(a_table_that_is_read_again_first_takes_nothing_from_the_others) {
  Behind staff;
  staff.pair.bring_over();
  staff.fall_behind(kSomeOfAll);
  staff.pair.agent.must({"snapshot", "--table", "badge"});
  staff.pair.bring_over();
  staff.expect_equal();
}

// reliability 5
BOOST_AUTO_TEST_CASE(a_retry_without_an_agent_is_refused_until_local_state_has_caught_up) {
  Behind staff;
  staff.insert_refused(1);
  staff.pair.bring_over();
  staff.pair.target_admin.exec("ALTER TABLE people DROP CONSTRAINT no_refused_note");
  // A retry of the boss leads to these.
  staff.fall_behind(
      "UPDATE person SET boss_id = 300001 WHERE id IN (20, 21); UPDATE person SET name = 'other' WHERE id = 20");
  staff.fall_behind("UPDATE person SET name = 'newest' WHERE id IN (20, 21)");
  const auto refused = staff.pair.agent.command({"quarantine", "retry"});
  BOOST_TEST(refused.exit_code == 6);
  BOOST_TEST(refused.err.find("the local state is behind the target") != std::string::npos, refused.err);
  BOOST_TEST(refused.err.find("remedy: ") != std::string::npos, refused.err);
  staff.pair.bring_over();
  staff.pair.agent.must({"quarantine", "retry"});
  staff.expect_equal();
}

// reliability 5
BOOST_AUTO_TEST_CASE(a_retry_by_a_running_agent_waits_until_local_state_has_caught_up) {
  Behind staff;
  staff.insert_refused(1);
  staff.pair.source.exec("UPDATE person SET boss_id = 300001 WHERE id IN (20, 21)");
  staff.pair.bring_over();
  staff.pair.target_admin.exec("ALTER TABLE people DROP CONSTRAINT no_refused_note");
  staff.fall_behind("UPDATE person SET name = 'newest' WHERE id IN (20, 21)");
  // It streams, and hears nothing for a while.
  staff.pair.agent.start({{"AGENT_FAILPOINTS", "before_stream_connected=wait:1500@1"}});
  tests::wait_until([&] { return staff.pair.agent.status().find("\"streaming\"") != std::string::npos; },
                    "the agent to stream");
  staff.pair.agent.must({"quarantine", "retry"});
  staff.pair.agent.wait_applied();
  BOOST_TEST(staff.pair.agent.stop() == 0);
  staff.expect_equal();
}
