// The target fails for a while: what it refuses, how it ends connections, whom it lets wait. The agent goes on by itself, applies each
// transaction once, and quarantines nothing.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/faults/people.hpp"
#include "tests/support/wait.hpp"

using faults::People;

namespace {

/// How often the agent's log says this.
int count(const std::string& log, const std::string& text) {
  int found = 0;
  for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

// reliability 96
BOOST_AUTO_TEST_CASE(a_write_that_fails_for_a_moment_is_tried_again_and_quarantines_nothing) {
  People pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  int next = 1000;
  for (const std::string sqlstate :
       {"40P01", "40001", "55P03", "57014", "53100", "53200", "53300", "57P01", "57P03", "58030"}) {
    pair.fail_writes(sqlstate, 2);
    pair.add(next, next + 200);
    next += 300;
    pair.source.exec("UPDATE person SET name = name || '!' WHERE id % 2 = 0; DELETE FROM person WHERE id % 7 = 0");
    pair.agent.wait_applied();
    // Once for each time that it failed.
    BOOST_TEST(count(pair.agent.process().err(), "SQLSTATE " + sqlstate) == 2, pair.agent.process().err());
  }
  BOOST_TEST(count(pair.agent.process().err(), "trying again") == 20, pair.agent.process().err());
  BOOST_TEST(pair.agent.stop() == 0);
  pair.require_equal();
}

// reliability 96: the same in the snapshot
BOOST_AUTO_TEST_CASE(a_snapshot_whose_writes_fail_for_a_moment_goes_on_by_itself) {
  People pair(2000);
  pair.agent.options().chunk_rows = 200;
  pair.agent.configure();
  pair.fail_writes("40P01", 2);
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 7, 16, 96
BOOST_AUTO_TEST_CASE(a_large_transaction_that_is_rolled_back_as_its_commit_loses_the_connection_comes_again_whole) {
  People pair;
  pair.bring_over();
  pair.end_writer(25'000, true);
  pair.add(1000, 31'000);  // three parts
  pair.agent.start();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_TEST(count(pair.agent.process().err(), "lost while committing") == 1, pair.agent.process().err());
  pair.require_equal();
}

// reliability 7, 96
BOOST_AUTO_TEST_CASE(a_large_transaction_whose_session_ends_in_its_middle_comes_again_whole) {
  People pair;
  pair.bring_over();
  pair.end_writer(25'000, false);
  pair.add(1000, 31'000);
  pair.agent.start();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  pair.require_equal();
}
