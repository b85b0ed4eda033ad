// The application goes on with DDL and TRUNCATE while its tables are being copied.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/small_pair.hpp"
#include "tests/support/wait.hpp"

namespace {

// The plain table has more rows, so that its chunks come first.
const std::string kSource =
    "CREATE TABLE plain (id integer PRIMARY KEY, name text); INSERT INTO plain SELECT i, 'p' || i FROM "
    "generate_series(1, 2000) i;"
    "CREATE TABLE parted (id integer PRIMARY KEY, amount integer) PARTITION BY RANGE (id);"
    "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (201);"
    "CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (201) TO (1000);"
    "INSERT INTO parted SELECT i, i FROM generate_series(1, 400) i";
const std::string kTarget =
    "CREATE TABLE plains (id uuid PRIMARY KEY, name text, legacy_id integer);"
    "CREATE TABLE parts (id uuid PRIMARY KEY, amount numeric, legacy_id integer)";
const std::string kMapping = R"(
version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
routes:
  - {from: plain, to: plains, entity: plain, columns: {name: name, legacy_id: id}}
  - {from: parted, to: parts, entity: parted, columns: {amount: amount, legacy_id: id}}
)";

struct TwoTables : tests::SmallPair {
  TwoTables() : SmallPair(kSource, kTarget, kMapping) {
    agent.options().workers = 1;
    agent.options().chunk_rows = 100;
    agent.configure();
  }

  /// Whoever writes to this target table waits until `holder` commits. (A lock of the table would hold up the checks at the start.)
  void close_gate(tests::Sql& holder, const std::string& table) const {
    target.exec(
        "CREATE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
        "pg_advisory_xact_lock_shared(1); RETURN NULL; END';"
        "CREATE TRIGGER gate BEFORE INSERT ON " +
        table + " EXECUTE FUNCTION pass_gate(); ALTER TABLE " + table + " ENABLE ALWAYS TRIGGER gate");
    holder.exec("BEGIN; SELECT pg_advisory_xact_lock(1)");
  }

  void wait_at_gate() const {
    tests::wait_until(
        [&] {
          return target_admin.query_value(
                     "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND "
                     "database = (SELECT oid FROM pg_database WHERE datname = current_database())") != "0";
        },
        "the agent writes a row");
  }

  void expect_equal() const {
    const auto expected = tests::as_text(source_admin.query_rows("SELECT id, amount FROM parted ORDER BY id"));
    const auto actual =
        tests::as_text(target_admin.query_rows("SELECT legacy_id, amount FROM parts ORDER BY legacy_id"));
    BOOST_TEST(tests::differing_lines(expected, actual) == "");
    BOOST_TEST(on_target("SELECT count(*) FROM plains") ==
               source_admin.query_value("SELECT count(*) FROM plain").value_or(""));
  }
};

const char* const kRewrites[] = {
    "ALTER TABLE parted ALTER COLUMN amount TYPE integer USING amount + 1000",
    "CREATE TABLE copy AS SELECT * FROM parted_2; TRUNCATE parted_2; INSERT INTO parted_2 SELECT * FROM copy WHERE id "
    "> "
    "300",
    "VACUUM FULL parted_1",
};

}  // namespace

// A table that was written anew looks empty to a snapshot that is older: PostgreSQL's own caveat, and rows lost without a word.
BOOST_DATA_TEST_CASE(a_table_rewritten_after_the_snapshot_is_never_taken_for_an_empty_one,
                     boost::unit_test::data::make(kRewrites), rewrite) {
  TwoTables pair;
  tests::Sql holder = pair.target.session();
  pair.close_gate(holder, "plains");
  pair.agent.start();
  pair.wait_at_gate();
  pair.source.exec(rewrite);
  holder.exec("COMMIT");
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  BOOST_TEST(pair.agent.process().err().find("the snapshot was interrupted") != std::string::npos);
  pair.expect_equal();
}

BOOST_AUTO_TEST_CASE(the_application_may_lock_a_table_that_has_been_read_while_the_snapshot_goes_on) {
  TwoTables pair;
  tests::Sql holder = pair.target.session();
  pair.close_gate(holder, "parts");
  pair.agent.start();
  pair.wait_at_gate();
  pair.source.exec("SET lock_timeout = '10s'; ALTER TABLE plain ADD COLUMN added integer");
  holder.exec("COMMIT");
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  pair.expect_equal();
}

// reliability 96, on the source
BOOST_AUTO_TEST_CASE(a_start_that_deadlocks_with_the_application_is_tried_again) {
  TwoTables pair;
  pair.source_admin.exec("ALTER DATABASE \"" + pair.name + "\" SET deadlock_timeout = '2s'");
  tests::Sql application = pair.source_admin.session();
  application.exec("SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE plain IN ACCESS EXCLUSIVE MODE");
  pair.agent.start();
  tests::wait_until(
      [&] {
        return pair.source_admin.query_value(
                   "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'plain'::regclass") != "0";
      },
      "CREATE PUBLICATION waits");
  application.exec("LOCK TABLE parted IN ACCESS EXCLUSIVE MODE; COMMIT");
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  BOOST_TEST(pair.agent.process().err().find("somebody else's locks") != std::string::npos);
  pair.expect_equal();
}
