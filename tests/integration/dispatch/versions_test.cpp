// What differs from one version of the source to another, seen through the whole agent. Runs on whatever version it is given.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "tests/support/cluster.hpp"
#include "tests/support/small_pair.hpp"
#include "tests/support/wait.hpp"

namespace {

using tests::shared_servers;
using tests::SmallPair;
using tests::StopMode;

const std::string kMapping =
    "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
    "  - { from: m, to: m_t, entity: m, columns: { val: v, legacy_id: id } }\n";
const std::string kTarget = "CREATE TABLE m_t (id uuid PRIMARY KEY, val text, legacy_id integer)";

int source_version() { return shared_servers().source_cluster.major_version(); }

std::string expected(const SmallPair& pair) {
  return tests::as_text(pair.source.query_rows("SELECT id, v FROM m ORDER BY id"));
}

std::string found(const SmallPair& pair) {
  return tests::as_text(pair.target.query_rows("SELECT legacy_id, val FROM m_t ORDER BY legacy_id"));
}

/// Whether `agent check` says something with these words.
bool check_says(const SmallPair& pair, const std::string& words) {
  const auto result = pair.agent.command({"check", "--json"});
  return result.out.find(words) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(versions, *boost::unit_test::label("matrix"))

BOOST_AUTO_TEST_CASE(check_names_what_an_old_source_does_not_send) {
  const bool is_partitioned = source_version() >= 11;  // before, a partitioned table has no primary key
  const SmallPair pair(is_partitioned ? "CREATE TABLE m (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);"
                                        "CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM (0) TO (100)"
                                      : "CREATE TABLE m (id integer PRIMARY KEY, v text)",
                       kTarget, kMapping);
  BOOST_TEST(check_says(pair, "does not send TRUNCATE") == (source_version() < 11));
  BOOST_TEST(check_says(pair, "cannot publish a partitioned table as a whole") ==
             (is_partitioned && source_version() < 13));
  if (source_version() < 13 && is_partitioned) return;
  pair.source.exec("INSERT INTO m VALUES (1, 'a'), (2, 'b')");
  pair.bring_over();
  BOOST_TEST(found(pair) == expected(pair));
}

// reliability 136
BOOST_AUTO_TEST_CASE(prepared_transactions_arrive_at_their_commit_whichever_side_restarts_in_between) {
  SmallPair pair("CREATE TABLE m (id integer PRIMARY KEY, v text); INSERT INTO m VALUES (1, 'copied')", kTarget,
                 kMapping);
  const auto prepare = [&pair](const std::string& name, const std::string& change) {
    pair.source.exec("BEGIN; " + change + "; PREPARE TRANSACTION '" + pair.name + name + "'");
  };
  const auto finish = [&pair](const std::string& how, const std::string& name) {
    pair.source.exec(how + " PREPARED '" + pair.name + name + "'");
  };
  pair.agent.start();
  pair.agent.wait_streaming();
  prepare("kept", "INSERT INTO m VALUES (2, 'kept'); UPDATE m SET v = 'changed' WHERE id = 1");
  prepare("gone", "INSERT INTO m VALUES (3, 'gone')");
  pair.source.exec("INSERT INTO m VALUES (4, 'in between')");
  pair.agent.wait_applied();
  BOOST_TEST(found(pair) == "1|copied\n4|in between\n");

  pair.agent.kill();
  pair.agent.start();
  pair.agent.wait_streaming();
  shared_servers().source_cluster.restart(StopMode::Immediate);
  shared_servers().target_cluster.restart(StopMode::Immediate);
  pair.source.exec("INSERT INTO m VALUES (5, 'after the crash')");
  pair.agent.wait_applied();
  BOOST_TEST(found(pair) == "1|copied\n4|in between\n5|after the crash\n");
  finish("ROLLBACK", "gone");
  finish("COMMIT", "kept");
  pair.agent.wait_applied();
  BOOST_TEST(found(pair) == "1|changed\n2|kept\n4|in between\n5|after the crash\n");
  BOOST_TEST(found(pair) == expected(pair));

  // Prepared and finished while the agent is away.
  BOOST_TEST(pair.agent.stop() == 0);
  prepare("away", "DELETE FROM m WHERE id = 4; INSERT INTO m VALUES (6, 'away')");
  finish("COMMIT", "away");
  pair.bring_over();
  BOOST_TEST(found(pair) == expected(pair));
}

// reliability 135
BOOST_AUTO_TEST_CASE(messages_of_applications_change_nothing_and_hold_nothing_up) {
  const SmallPair pair("CREATE TABLE m (id integer PRIMARY KEY, v text)", kTarget, kMapping);
  pair.bring_over();
  pair.source.exec("SELECT pg_logical_emit_message(true, 'app', 'alone')");
  pair.source.exec("SELECT pg_logical_emit_message(false, 'app', 'outside of any transaction')");
  pair.source.exec(
      "BEGIN; INSERT INTO m VALUES (1, 'a'); SELECT pg_logical_emit_message(true, 'app', 'first');"
      "SELECT pg_logical_emit_message(false, 'app', 'inside'); INSERT INTO m VALUES (2, 'b'); COMMIT");
  pair.source.exec(
      "BEGIN; INSERT INTO m VALUES (3, 'gone'); SELECT pg_logical_emit_message(true, 'app', 'gone');"
      "SELECT pg_logical_emit_message(false, 'app', 'stays'); ROLLBACK");
  // The agent's own prefix in somebody else's message has no power either.
  pair.source.exec("SELECT pg_logical_emit_message(true, 'dispatch_sync', 'forged')");
  // Large enough to be streamed before its commit, where the source does that.
  pair.source.exec(
      "BEGIN; INSERT INTO m SELECT n, repeat('x', 1000) FROM generate_series(10, 3000) n;"
      "SELECT pg_logical_emit_message(false, 'app', repeat('y', 10000));"
      "SELECT pg_logical_emit_message(true, 'app', repeat('z', 10000)); DELETE FROM m WHERE id > 20; COMMIT");
  pair.bring_over();
  BOOST_TEST(found(pair) == expected(pair));
  BOOST_TEST(pair.counter("m_t", "applied") == 13);
}

// reliability 133
BOOST_AUTO_TEST_CASE(generated_columns_on_either_side_are_left_to_their_servers) {
  const bool has_generated = source_version() >= 12;
  const SmallPair pair(
      std::string("CREATE TABLE m (id integer PRIMARY KEY, v text") +
          (has_generated ? ", twice text GENERATED ALWAYS AS (v || v) STORED" : "") +
          ", w integer); INSERT INTO m (id, v, w) SELECT n, 'v' || n, n * 10 FROM generate_series(1, 50) n",
      "CREATE TABLE m_t (id uuid PRIMARY KEY, loud text GENERATED ALWAYS AS (upper(val)) STORED, val text, "
      "legacy_id integer, w integer)",
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
      "  - { from: m, to: m_t, entity: m, columns: { val: v, legacy_id: id, w: w } }\n");
  const auto expect_equal = [&pair] {
    BOOST_TEST(tests::as_text(pair.target.query_rows("SELECT legacy_id, val, loud, w FROM m_t ORDER BY legacy_id")) ==
               tests::as_text(pair.source.query_rows("SELECT id, v, upper(v), w FROM m ORDER BY id")));
  };
  pair.bring_over();
  expect_equal();
  pair.source.exec(
      "UPDATE m SET v = 'other' WHERE id < 10; UPDATE m SET id = id + 100 WHERE id > 45; DELETE FROM m WHERE id = 20;"
      "INSERT INTO m (id, v, w) VALUES (900, 'new', 1)");
  pair.bring_over();
  expect_equal();
}

// reliability 37
BOOST_AUTO_TEST_CASE(a_standby_takes_the_slot_along_where_slots_can_and_the_agent_goes_on_with_it_once_promoted) {
  SmallPair pair("CREATE TABLE m (id integer PRIMARY KEY, v text); INSERT INTO m VALUES (1, 'copied')", kTarget,
                 kMapping);
  tests::Cluster& source = shared_servers().source_cluster;
  if (source_version() < 17) {
    pair.bring_over();
    BOOST_TEST(pair.source_admin
                   .query_rows("SELECT FROM pg_replication_slots WHERE to_jsonb(pg_replication_slots) ? "
                               "'failover'")
                   .empty());
    return;
  }
  source.database().exec("SELECT pg_create_physical_replication_slot('standby')");
  source.stop();
  tests::Cluster standby({.name = "standby",
                          .conf = {"wal_level = logical", "primary_slot_name = standby", "hot_standby_feedback = on",
                                   "sync_replication_slots = on"},
                          .bin_dir = source.bin_dir(),
                          .image_of = &source});
  source.start();
  pair.agent.start();
  const auto is_taken_along = [&] {
    // The slot goes on with what is written, and only then the standby has all of the log that it needs.
    pair.source.exec("UPDATE m SET v = 'changed ' || txid_current()");
    return standby.database().query_value(
               "SELECT synced AND NOT temporary FROM pg_replication_slots WHERE slot_name = '" + pair.name + "'") ==
           "t";
  };
  tests::wait_until(is_taken_along, "the standby to have the slot", std::chrono::seconds{120});
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  pair.source.exec("INSERT INTO m VALUES (2, 'before the fail-over, not yet read')");
  const std::string before = expected(pair);
  source.stop();  // in order: the standby has it all
  standby.promote();
  pair.agent.options().source_url = standby.url(pair.name, "dispatch_sync");
  pair.agent.configure();
  standby.database(pair.name).exec("INSERT INTO m VALUES (3, 'after the fail-over')");
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  BOOST_TEST(found(pair) == before + "3|after the fail-over\n");
  source.start();  // for what comes after the test
  source.database().exec("SELECT pg_drop_replication_slot('standby')");
}

BOOST_AUTO_TEST_SUITE_END()
