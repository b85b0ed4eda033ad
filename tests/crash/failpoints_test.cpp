// The agent kills itself at a named place, is started again, and nothing is lost or doubled. A pair of databases for each, where the walks
// lead one pair past all places.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>

#include "tests/crash/staff.hpp"

namespace {

struct Place {
  const char* failpoint;
  int at;  ///< how many times it is passed before: 1 is the first
};
std::ostream& operator<<(std::ostream& out, const Place& place) { return out << place.failpoint << '@' << place.at; }

tests::AgentUnderTest::Environment armed(const Place& place) {
  return {{"AGENT_FAILPOINTS", std::string(place.failpoint) + "=kill@" + std::to_string(place.at)}};
}

/// Starts the agent again, lets it come to rest, and compares.
void expect_recovery(crash::Staff& staff) {
  staff.pair.agent.start();
  staff.pair.agent.wait_streaming();
  for (int n = 90; n < 95; ++n) {
    staff.change(n);
  }
  staff.pair.agent.wait_applied();
  BOOST_TEST(staff.pair.agent.stop() == 0, staff.pair.agent.process().err());
  staff.expect_one_slot();
  staff.expect_nothing_ahead();
  staff.expect_equal();
}

// The walks visit every place once; these are met where much is behind them, and with nothing else having happened.
const Place kSnapshotPlaces[] = {
    {"before_piece_state", 3},
    {"before_piece_state", 25},
    {"after_chunk_finished", 4},
    {"after_chunk_finished", 30},
};

// The first rows of a transaction are written, and all but the last.
const Place kCopyPlaces[] = {{"after_rows_written", 1}, {"after_rows_written", 3}};

const Place kStreamPlaces[] = {{"after_target_commit", 3}, {"after_state_write", 2}};

}  // namespace

// What the other tests compare with: nobody is killed.
BOOST_AUTO_TEST_CASE(without_a_kill_the_snapshot_and_then_the_stream_equal_the_oracle) {
  crash::Staff staff;
  staff.pair.bring_over();
  staff.expect_equal();
  for (int n = 0; n < 20; ++n) {
    staff.change(n);
  }
  staff.change_everything();
  staff.pair.bring_over();
  staff.expect_equal();
}

// reliability 1, 2, 3, 4, 49, 53, 179
BOOST_DATA_TEST_CASE(a_kill_in_the_snapshot_loses_and_doubles_nothing, boost::unit_test::data::make(kSnapshotPlaces),
                     place) {
  crash::Staff staff;
  staff.pair.agent.start(armed(place));
  BOOST_REQUIRE_MESSAGE(staff.pair.agent.wait() == tests::kKilled, "not killed at "
                                                                       << place << ":\n"
                                                                       << staff.pair.agent.process().err());
  // Between the two snapshots the source goes on.
  for (int n = 0; n < 20; ++n) {
    staff.change(n);
  }
  expect_recovery(staff);
}

// reliability 9
BOOST_DATA_TEST_CASE(a_kill_between_rows_that_share_one_position_loses_and_doubles_nothing,
                     boost::unit_test::data::make(kCopyPlaces), place) {
  crash::Staff staff;
  staff.pair.bring_over();
  const std::string watcher = staff.pair.name + "_watcher";
  staff.pair.source_admin.exec("SELECT pg_create_logical_replication_slot('" + watcher + "', 'test_decoding')");
  // COPY writes many rows in one record of the log.
  staff.pair.source_admin.exec("COPY badge FROM PROGRAM $$seq 300001 325000 | sed 's/.*/&\tcopied &/'$$");
  BOOST_TEST((staff.pair.source_admin.query_value("SELECT count(*) > 25000 AND count(DISTINCT lsn) < 2500 FROM "
                                                  "pg_logical_slot_peek_changes('" +
                                                  watcher + "', NULL, NULL)") == "t"));
  staff.pair.source_admin.exec("SELECT pg_drop_replication_slot('" + watcher + "')");
  staff.pair.agent.start(armed(place));
  BOOST_REQUIRE_MESSAGE(staff.pair.agent.wait() == tests::kKilled, "not killed at "
                                                                       << place << ":\n"
                                                                       << staff.pair.agent.process().err());
  BOOST_TEST(staff.pair.on_target("SELECT count(*) FROM badges WHERE label LIKE 'copied%'") == "0");
  expect_recovery(staff);
}

// reliability 5, 6, 180
BOOST_DATA_TEST_CASE(a_kill_in_the_stream_loses_and_doubles_nothing, boost::unit_test::data::make(kStreamPlaces),
                     place) {
  crash::Staff staff;
  staff.pair.bring_over();
  for (int n = 0; n < 20; ++n) {
    staff.change(n);
  }
  staff.pair.agent.options().batch_rows = 20;
  staff.pair.agent.configure();
  staff.pair.agent.start(armed(place));
  BOOST_REQUIRE_MESSAGE(staff.pair.agent.wait() == tests::kKilled, "not killed at "
                                                                       << place << ":\n"
                                                                       << staff.pair.agent.process().err());
  for (int n = 20; n < 30; ++n) {
    staff.change(n);
  }
  expect_recovery(staff);
}

// reliability 180
BOOST_AUTO_TEST_CASE(a_kill_between_the_state_batches_of_a_large_transaction_is_healed) {
  crash::Staff staff;
  staff.pair.bring_over();
  staff.pair.source.exec(
      "INSERT INTO person SELECT i, repeat('long ', 400), 1, NULL, NULL FROM generate_series(200000, 206000) i");
  staff.change_everything();
  staff.pair.agent.start(armed({"between_state_batches", 1}));
  BOOST_REQUIRE_MESSAGE(staff.pair.agent.wait() == tests::kKilled, staff.pair.agent.process().err());
  expect_recovery(staff);
}

// reliability 8, 10
BOOST_AUTO_TEST_CASE(transactions_open_across_a_kill_arrive_in_the_order_of_their_commits,
                     *boost::unit_test::label("matrix")) {
  crash::Staff staff;
  staff.pair.bring_over();
  staff.pair.agent.start();
  staff.pair.agent.wait_streaming();
  tests::Sql first = staff.pair.source.session();
  tests::Sql second = staff.pair.source.session();
  first.exec("BEGIN; UPDATE person SET note = 'of the first' WHERE id = 2");
  second.exec(
      "BEGIN; UPDATE person SET note = 'of the second' WHERE id = 3; UPDATE badge SET label = 'second' WHERE id = 1");
  second.exec("COMMIT");
  staff.pair.agent.wait_applied();
  staff.pair.agent.kill();
  first.exec("UPDATE badge SET label = 'first' WHERE id = 1; COMMIT");
  expect_recovery(staff);
  BOOST_TEST(staff.pair.on_target("SELECT note FROM people WHERE legacy_id = 2") == "of the first");
  BOOST_TEST(staff.pair.on_target("SELECT label FROM badges WHERE legacy_id = 1") == "first");
}
