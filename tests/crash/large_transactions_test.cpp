// One transaction of very many changes, with an agent that may hold very few of them: what exceeds its memory goes to the local state
// and to the target ahead of the commit. Whatever happens meanwhile, the transaction is applied once and whole, and nothing stays behind.
#include <fmt/format.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <ostream>
#include <string>

#include "tests/crash/staff.hpp"
#include "tests/support/process_memory.hpp"
#include "tests/support/wait.hpp"

namespace {

enum class Sent : std::uint8_t { Streamed, Whole };
std::ostream& operator<<(std::ostream& out, Sent sent) {
  return out << (sent == Sent::Streamed ? "streamed" : "whole");
}

/// The source sends large transactions while they are open, or at their commit.
void send(const crash::Staff& staff, Sent sent) {
  staff.pair.source_admin.exec(fmt::format("ALTER DATABASE {} SET logical_decoding_work_mem = '{}'", staff.pair.name,
                                           sent == Sent::Streamed ? "64kB" : "1GB"));
}

/// Every kind of change, and those that reach very many rows: a name that every person sees through a join, teams that come and go,
/// a TRUNCATE. A part of it is rolled back.
void change_very_much(const crash::Staff& staff) {
  staff.pair.source.exec(
      "BEGIN;"
      "INSERT INTO person SELECT i, 'large ' || i, 1 + i % 42, i - 7, repeat(md5(i::text), 3) FROM "
      "generate_series(200001, 209000) i;"
      "SAVEPOINT s; UPDATE person SET name = 'never'; DELETE FROM badge; ROLLBACK TO s;"
      "INSERT INTO person_badge SELECT i, 200001 + i % 9000, 1 + i % 22 FROM generate_series(10001, 20000) i;"
      "UPDATE person SET note = md5(id::text), boss_id = 200000 + id % 2000 WHERE id % 2 = 0;"
      "TRUNCATE person_badge;"
      "INSERT INTO person_badge SELECT i, i % 2 * 200000 + 1 + i % 1990, 1 + i % 22 FROM generate_series(1, 4000) i;"
      "UPDATE team SET name = name || '!';"
      "UPDATE team SET active = NOT active WHERE id % 3 = 0;"
      "DELETE FROM person WHERE id % 5 = 0;"
      "COMMIT");
}

/// A pair whose agent may hold one megabyte, at rest.
struct Large : crash::Staff {
  Large() {
    pair.bring_over();
    pair.agent.options().memory_mb = 1;
    pair.agent.configure();
  }

  void expect_equal_after_stop() {
    BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
    expect_equal();
  }

  void expect_recovery() {
    pair.agent.start();
    pair.agent.wait_streaming();
    for (int n = 90; n < 93; ++n) change(n);
    pair.agent.wait_applied();
    expect_equal_after_stop();
  }
};

struct Place {
  const char* failpoint;
  int at;
};
std::ostream& operator<<(std::ostream& out, const Place& place) { return out << place.failpoint << '@' << place.at; }

tests::AgentUnderTest::Environment armed(const Place& place, const std::string& action) {
  return {{"AGENT_FAILPOINTS", fmt::format("{}={}@{}", place.failpoint, action, place.at)}};
}

const Place kPlaces[] = {
    {"between_state_batches", 1}, {"between_state_batches", 5}, {"before_state_commit", 1},
    {"after_target_commit", 1},   {"after_state_write", 1},
};

std::string walsender(const Large& large) {
  return large.pair.source_admin
      .query_value("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + large.pair.name + "'")
      .value_or("none");
}

}  // namespace

// reliability 61, 62, 106, 109, 162, 173
BOOST_AUTO_TEST_CASE(a_transaction_that_exceeds_the_agents_memory_is_applied_whole) {
  Large large;
  for (const Sent sent : {Sent::Streamed, Sent::Whole}) {
    send(large, sent);
    change_very_much(large);
    large.pair.bring_over();
    large.expect_equal();
    // Back to where it was, which is as large.
    large.pair.source.exec("DELETE FROM person WHERE id > 200000");
    large.pair.bring_over();
    large.expect_equal();
  }
}

// reliability 61, 64, 180
BOOST_DATA_TEST_CASE(a_kill_in_a_transaction_that_exceeds_the_memory_leaves_all_of_it_or_nothing,
                     boost::unit_test::data::make(kPlaces), place) {
  Large large;
  send(large, place.at == 1 ? Sent::Streamed : Sent::Whole);
  change_very_much(large);
  large.pair.agent.start(armed(place, "kill"));
  BOOST_REQUIRE_MESSAGE(large.pair.agent.wait() == tests::kKilled, "not killed at "
                                                                       << place << ":\n"
                                                                       << large.pair.agent.process().err());
  large.expect_recovery();
}

// reliability 61, 64, 180
BOOST_AUTO_TEST_CASE(a_kill_while_half_of_a_transaction_is_taken_back_is_healed_by_the_next_start) {
  Large large;
  send(large, Sent::Whole);
  change_very_much(large);
  large.pair.agent.start(armed({"between_state_batches", 6}, "kill"));
  BOOST_REQUIRE(large.pair.agent.wait() == tests::kKilled);
  for (const int at : {1, 2}) {
    large.pair.agent.start(armed({"between_rollback_batches", at}, "kill"));
    BOOST_REQUIRE_MESSAGE(large.pair.agent.wait() == tests::kKilled, large.pair.agent.process().err());
  }
  large.expect_recovery();
}

// reliability 61, 110
BOOST_DATA_TEST_CASE(a_target_that_fails_in_a_transaction_that_exceeds_the_memory_gets_it_again_whole,
                     boost::unit_test::data::make({Sent::Streamed, Sent::Whole}), sent) {
  Large large;
  send(large, sent);
  change_very_much(large);
  large.pair.agent.start(armed({"between_state_batches", 6}, "throw"));
  large.pair.agent.wait_applied();
  large.expect_equal_after_stop();
}

// reliability 61
BOOST_AUTO_TEST_CASE(a_large_transaction_takes_no_memory_in_proportion_to_its_size, *tests::judges_memory()) {
  Large large;
  large.pair.agent.start();
  large.pair.agent.wait_streaming();
  const auto insert = [&](int first, int last) {
    large.pair.source.exec(
        fmt::format("INSERT INTO badge SELECT i, 'badge ' || i FROM generate_series({}, {}) i", first, last));
    large.pair.agent.wait_applied();
    return tests::peak_memory_mb(large.pair.agent.process().pid());
  };
  const double small = insert(100'001, 110'000);
  const double big = insert(200'001, 270'000);
  BOOST_TEST_MESSAGE("10,000 rows: " << small << " MB, 70,000 rows: " << big << " MB");
  BOOST_TEST(big < small + 25, "10,000 rows took " << small << " MB, 70,000 rows " << big << " MB");
  large.expect_equal_after_stop();
}

// reliability 111
BOOST_DATA_TEST_CASE(two_hundred_thousand_rows_cost_no_walsender_and_little_memory_and_come_at_once,
                     boost::unit_test::data::make({Sent::Streamed, Sent::Whole}), sent) {
  Large large;
  large.pair.agent.options().memory_mb = 16;
  large.pair.agent.configure();
  send(large, sent);
  large.pair.source_admin.exec("ALTER DATABASE " + large.pair.name + " SET wal_sender_timeout = '4s'");
  large.pair.agent.start();
  large.pair.agent.wait_streaming();
  large.change(1);
  large.pair.agent.wait_applied();
  const std::string before = walsender(large);
  const double memory = tests::peak_memory_mb(large.pair.agent.process().pid());

  // The target stands still for more than two timeouts in the middle of it.
  tests::Sql holder = large.pair.target_admin.session();
  holder.exec("BEGIN; LOCK TABLE badges IN EXCLUSIVE MODE");
  large.pair.source.exec("INSERT INTO badge SELECT i, 'badge ' || i FROM generate_series(100001, 300000) i");
  tests::wait_until(
      [&] {
        return large.pair.target_admin.query_value(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                   "'Lock' AND now() - query_start > interval '9 s'") != "0";
      },
      "the agent to wait nine seconds for the table", std::chrono::minutes(2));
  large.pair.require_honest();
  holder.exec("ROLLBACK");
  tests::wait_until(
      [&] {
        // A few of them, since counting all again and again would cost more than applying them.
        const std::string there =
            large.pair.on_target("SELECT count(*) FROM badges WHERE legacy_id IN (100001, 110001, 200000, 300000)");
        BOOST_REQUIRE_MESSAGE(there == "0" || there == "4", "a part of it is on the target: " << there);
        return there != "0";
      },
      "the transaction to be applied", std::chrono::minutes(3));
  large.pair.agent.wait_applied();

  BOOST_TEST(walsender(large) == before, large.pair.agent.process().err());
  const double more = tests::peak_memory_mb(large.pair.agent.process().pid()) - memory;
  if (!tests::kIsSanitized) BOOST_TEST(more < 130, "it took " << more << " MB more");
  large.expect_equal_after_stop();
}
