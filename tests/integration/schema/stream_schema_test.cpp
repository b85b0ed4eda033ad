// Changes of the source's schema that the stream tells: what the mapping does not read goes on, what it reads stops the agent before a row of
// the new schema is applied, and after the remedy nothing is missing. The oracle is a query on either side.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/integration/schema/account.hpp"

namespace {

using tests::Account;

std::string rows(int from, int to) {
  return "INSERT INTO account (id, first, amount, second) SELECT i, 'f' || i, i, 's' || i FROM generate_series(" +
         std::to_string(from) + ", " + std::to_string(to) + ") i;";
}

/// Everything that the mapping does not read, or that holds more than before. Each is followed by rows.
const std::vector<std::string> kHarmless = {
    "ALTER TABLE account ADD COLUMN added text",
    "ALTER TABLE account ADD COLUMN with_default integer NOT NULL DEFAULT 7",
    "ALTER TABLE account ALTER COLUMN with_default DROP DEFAULT, ALTER COLUMN with_default DROP NOT NULL",
    "ALTER TABLE account RENAME COLUMN added TO renamed",
    "ALTER TABLE account DROP COLUMN renamed",
    "ALTER TABLE account ADD COLUMN renamed integer",
    "ALTER TABLE account DROP COLUMN spare",
    "ALTER TABLE account ALTER COLUMN first SET NOT NULL",
    "ALTER TABLE account ALTER COLUMN first DROP NOT NULL",
    "ALTER TABLE account ALTER COLUMN first TYPE varchar(40)",
    "ALTER TABLE account ALTER COLUMN second TYPE text",
    "ALTER TABLE account ALTER COLUMN amount TYPE numeric(14,2)",
    "ALTER TABLE account REPLICA IDENTITY FULL",
    "CREATE UNIQUE INDEX by_id ON account (id); ALTER TABLE account REPLICA IDENTITY USING INDEX by_id",
    "ALTER TABLE account REPLICA IDENTITY DEFAULT",
    "CREATE INDEX account_first ON account (first)",
    "CREATE TABLE unknown_to_the_mapping (id integer PRIMARY KEY); INSERT INTO unknown_to_the_mapping VALUES (1)",
};

/// One way in which the source changes what the mapping reads.
struct Move {
  std::string name;
  std::string ddl;
  std::string rows_after;
  std::string said;  ///< by the agent
  /// 2 when the mapping names what is gone; 0 when the mapping means other images now, so that a start reads everything anew by itself
  int exit_code_of_restart = 6;
  std::string mapping = Account::mapping();  ///< mended
  std::string on_source = "SELECT id, first, second, amount FROM account ORDER BY 1";
  std::string on_target = "SELECT legacy_id, first, second, amount FROM accounts ORDER BY 1";
};
std::ostream& operator<<(std::ostream& out, const Move& move) { return out << move.name; }

const std::string kAll = "first: first, second: second, amount: amount, legacy_id: id";
const std::string kAmountOnly = "first: first, amount: amount, legacy_id: id";

const std::vector<Move> kMoves = {
    {.name = "drop",
     .ddl = "ALTER TABLE account DROP COLUMN second;",
     .rows_after = "INSERT INTO account (id, first) VALUES (200, 'after'); DELETE FROM account WHERE id = 3;",
     .said = "column=second",
     .exit_code_of_restart = 2,
     .mapping = Account::mapping(kAmountOnly),
     .on_source = "SELECT id, first, amount FROM account ORDER BY 1",
     .on_target = "SELECT legacy_id, first, amount FROM accounts ORDER BY 1"},
    {.name = "rename",
     .ddl = "ALTER TABLE account RENAME COLUMN second TO other;",
     .rows_after = "UPDATE account SET other = 'after' WHERE id < 5; DELETE FROM account WHERE id = 5;",
     .said = "column=second",
     .exit_code_of_restart = 2,
     .mapping = Account::mapping("first: first, second: other, amount: amount, legacy_id: id"),
     .on_source = "SELECT id, first, other, amount FROM account ORDER BY 1"},
    {.name = "rename of the key",
     .ddl = "ALTER TABLE account RENAME COLUMN id TO account_id;",
     .rows_after = "UPDATE account SET first = 'after' WHERE account_id < 5; DELETE FROM account WHERE account_id = 5;",
     .said = "column=id",
     .exit_code_of_restart = 2,
     .mapping = Account::mapping("first: first, second: second, amount: amount, legacy_id: account_id"),
     .on_source = "SELECT account_id, first, second, amount FROM account ORDER BY 1"},
    {.name = "names exchanged",
     .ddl = "ALTER TABLE account RENAME COLUMN first TO x; ALTER TABLE account RENAME COLUMN second TO first;"
            "ALTER TABLE account RENAME COLUMN x TO second;",
     .rows_after = "UPDATE account SET first = 'after' WHERE id < 5;",
     .said = "column=",
     .exit_code_of_restart = 0},
    {.name = "dropped and added again",
     .ddl = "ALTER TABLE account DROP COLUMN first; ALTER TABLE account ADD COLUMN first varchar(20) DEFAULT 'new';",
     .rows_after = "UPDATE account SET second = 'after' WHERE id < 5;",
     .said = "column=",
     .exit_code_of_restart = 0},
    {.name = "another type",
     .ddl = "ALTER TABLE account ALTER COLUMN second TYPE integer USING length(second);",
     .rows_after = "UPDATE account SET second = second + 1 WHERE id < 5;",
     .said = "column=second",
     .exit_code_of_restart = 0},
    {.name = "a larger key",
     .ddl = "ALTER TABLE account ALTER COLUMN id TYPE bigint;",
     .rows_after = "INSERT INTO account (id, first) VALUES (5000000000, 'large');",
     .said = "column=id",
     .exit_code_of_restart = 0},
    {.name = "another scale",
     .ddl = "ALTER TABLE account ALTER COLUMN amount TYPE numeric(14,4);",
     .rows_after = "UPDATE account SET amount = 0.0001 WHERE id < 5;",
     .said = "column=amount"},
    {.name = "rename of the table",
     .ddl = "ALTER TABLE account RENAME TO client;",
     .rows_after = "UPDATE client SET first = 'after' WHERE id < 5;",
     .said = "was renamed to client",
     .exit_code_of_restart = 2,
     .mapping = Account::mapping(kAll, "client"),
     .on_source = "SELECT id, first, second, amount FROM client ORDER BY 1"},
    {.name = "another schema",
     .ddl = "CREATE SCHEMA old; ALTER TABLE account SET SCHEMA old;",
     .rows_after = "UPDATE old.account SET first = 'after' WHERE id < 5;",
     .said = "was renamed to old.account",
     .exit_code_of_restart = 2,
     .mapping = Account::mapping(kAll, "old.account"),
     .on_source = "SELECT id, first, second, amount FROM old.account ORDER BY 1"},
    {.name = "another primary key",
     .ddl = "ALTER TABLE account DROP CONSTRAINT account_pkey, ADD UNIQUE (id), ADD PRIMARY KEY (id, first);",
     .rows_after = "UPDATE account SET second = 'after' WHERE id < 5;",
     .said = "column=first",
     .exit_code_of_restart = 0,
     .mapping = Account::mapping(kAll, "account", ", key: [id]")},
};

}  // namespace

// reliability 93, 114, 116, 82: one agent lives through all of it
BOOST_AUTO_TEST_CASE(what_the_mapping_does_not_read_changes_without_a_stop) {
  Account pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  int next = 100;
  for (const std::string& ddl : kHarmless) {
    BOOST_TEST_CONTEXT(ddl) {
      // Between transactions, and inside of one between its rows.
      pair.source.exec(ddl);
      pair.source.exec(rows(next, next + 1));
      pair.source.exec("UPDATE account SET second = 'u" + std::to_string(next) + "' WHERE id IN (1, 2)");
      next += 2;
    }
  }
  pair.source.exec("BEGIN; " + rows(300, 301) + "ALTER TABLE account ADD COLUMN inside integer DEFAULT 1;" +
                   rows(302, 303) +
                   "UPDATE account SET first = 'i' WHERE id = 300; ALTER TABLE account DROP COLUMN inside;" +
                   rows(304, 305) + "DELETE FROM account WHERE id IN (301, 303); COMMIT");
  pair.agent.wait_applied();
  pair.expect_equal();
  BOOST_TEST(pair.agent.stop() == 0);
  pair.expect_slot_behind_checkpoint();
  // The log still holds older shapes than the catalog that the next start reads.
  pair.source.exec("UPDATE account SET first = 'before' WHERE id < 5; ALTER TABLE account ADD COLUMN once text");
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal();
  pair.source.exec("UPDATE account SET first = 'again' WHERE id < 4");
  pair.source.exec(
      "ALTER TABLE account ADD COLUMN later text, DROP COLUMN renamed, ALTER COLUMN with_default TYPE text");  // rewrites the table
  pair.source.exec("UPDATE account SET second = 'later' WHERE id < 3; DELETE FROM account WHERE id = 10");
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal();
}

// reliability 93, 95, 114
BOOST_DATA_TEST_CASE(a_change_of_what_the_mapping_reads_stops_before_damage_and_goes_on_after_the_remedy,
                     boost::unit_test::data::make(kMoves), move) {
  Account pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec(rows(100, 101));
  // Within one transaction: nothing of it may be applied.
  pair.source.exec("BEGIN; " + rows(102, 103) + move.ddl + move.rows_after + " COMMIT");
  pair.source.exec("INSERT INTO log VALUES (2, 'after')");
  pair.expect_end(6, {"table=", move.said, "lsn=", "agent snapshot"});
  BOOST_TEST(pair.on_target("SELECT count(*) FROM accounts WHERE legacy_id < 100 AND first = 'f' || "
                            "legacy_id AND second = 's' || legacy_id") == "20");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM accounts WHERE legacy_id > 101") == "0");
  if (move.exit_code_of_restart != 0) pair.expect_run_ends(move.exit_code_of_restart, {"account"});
  pair.set_mapping(move.mapping);
  pair.agent.must({"snapshot"});
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal(move.on_source, move.on_target);
  BOOST_TEST(pair.on_target("SELECT count(*) FROM logs") == "2");
  pair.expect_slot_behind_checkpoint();
}

// reliability 108, 93: the source streams the transaction before its commit, so that its rows and shapes wait together
BOOST_AUTO_TEST_CASE(a_streamed_transaction_is_read_by_the_columns_of_each_moment_whatever_is_rolled_back) {
  Account pair;
  pair.source_admin.exec("ALTER DATABASE " + pair.name + " SET logical_decoding_work_mem = '64kB'");
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec("BEGIN; " + rows(1000, 2999) +
                   "SAVEPOINT a; ALTER TABLE account ADD COLUMN x text DEFAULT 'x', DROP COLUMN spare;" +
                   rows(3000, 4999) + "ROLLBACK TO a;" + rows(5000, 6999) +
                   "SAVEPOINT b; ALTER TABLE account ADD COLUMN y integer, DROP COLUMN spare;" + rows(7000, 8999) +
                   "RELEASE b; UPDATE account SET second = 'end' WHERE id IN (1, 1000, 5000, 7000); COMMIT");
  // What is rolled back was never there, even if it is what the mapping reads.
  pair.source.exec(
      "BEGIN; " + rows(10000, 11999) + "SAVEPOINT a; ALTER TABLE account RENAME COLUMN second TO other;" +
      "INSERT INTO account (id, other) SELECT i, 'o' FROM generate_series(12000, 13999) i; ROLLBACK TO a;" +
      rows(14000, 15999) + "COMMIT");
  pair.agent.wait_applied();
  pair.expect_equal();
  BOOST_TEST(
      pair.source_admin
          .query_value("SELECT stream_txns > 0 FROM pg_stat_replication_slots WHERE slot_name = '" + pair.name + "'")
          .value_or("") == "t");
  const std::string before = pair.on_target("SELECT count(*) FROM accounts");
  pair.source.exec(
      "BEGIN; " + rows(20000, 21999) + "SAVEPOINT a; ALTER TABLE account RENAME COLUMN second TO other;" +
      "INSERT INTO account (id, other) SELECT i, 'o' FROM generate_series(22000, 23999) i; RELEASE a; COMMIT");
  pair.expect_end(6, {"table=account", "column=second", "lsn="});
  BOOST_TEST(pair.on_target("SELECT count(*) FROM accounts") == before);
  pair.set_mapping(Account::mapping("first: first, second: other, amount: amount, legacy_id: id"));
  pair.agent.must({"snapshot"});
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal("SELECT id, first, other, amount FROM account ORDER BY 1");
}

// reliability 47, 116: rows of before a table or column was mapped come from its own snapshot
BOOST_AUTO_TEST_CASE(a_table_and_a_column_that_are_mapped_later_arrive_whole) {
  Account pair;
  pair.bring_over();
  pair.source.exec("CREATE TABLE extra (id integer PRIMARY KEY, line text); INSERT INTO extra VALUES (1, 'before')");
  pair.source.exec(
      "ALTER TABLE account ADD COLUMN added integer NOT NULL DEFAULT 7; UPDATE account SET first = 'touched' WHERE id "
      "= 1");
  pair.agent.must({"sync", "--until-current"});
  pair.target.exec(
      "CREATE TABLE extras (id uuid PRIMARY KEY, legacy_id integer, line text); ALTER TABLE accounts ADD COLUMN added "
      "integer");
  // A backlog of both, which the stream cannot bring.
  pair.source.exec(
      "INSERT INTO extra VALUES (2, 'backlog'); UPDATE extra SET line = 'changed' WHERE id = 1; DELETE FROM log");
  pair.source.exec(
      "UPDATE account SET added = 8 WHERE id = 2; INSERT INTO account (id, first) VALUES (100, 'backlog')");
  std::string mapping = Account::mapping(kAll + ", added: added") +
                        "  - { from: extra, to: extras, entity: extra, columns: { line: line, legacy_id: id } }\n";
  pair.set_mapping(mapping);
  pair.expect_run_ends(2, {"extra", "not in scope"});
  pair.set_mapping(mapping.replace(mapping.find("[log"), 4, "[extra, log"));
  pair.agent.must({"snapshot", "--table", "extra"});
  pair.source.exec("INSERT INTO extra VALUES (3, 'live'); UPDATE account SET added = 9 WHERE id = 3");
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal("SELECT id, first, second, amount, added FROM account ORDER BY 1",
                    "SELECT legacy_id, first, second, amount, added FROM accounts ORDER BY 1");
  pair.expect_equal("SELECT id, line FROM extra ORDER BY 1", "SELECT legacy_id, line FROM extras ORDER BY 1");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM logs") == "0");
}

// A table that comes into the scope of the mapping later is noticed by the next start, not by the stream.
BOOST_AUTO_TEST_CASE(a_new_table_in_scope_does_not_stop_a_running_agent_and_is_named_at_the_next_start) {
  Account pair;
  std::string mapping = Account::mapping();
  pair.set_mapping(mapping.replace(mapping.find("account]"), 8, "account*]"));
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec("CREATE TABLE account_extra (id integer PRIMARY KEY); INSERT INTO account_extra VALUES (1); " +
                   rows(100, 101));
  pair.agent.wait_applied();
  pair.expect_equal();
  BOOST_TEST(pair.agent.stop() == 0);
  pair.source.exec(rows(102, 103));
  pair.expect_run_ends(2, {"account_extra", "remedy: "});
  pair.set_mapping(mapping + "ignore: { account_extra: not for the new system }\n");
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal();
}

// reliability 81, 114
BOOST_AUTO_TEST_CASE(a_table_without_replica_identity_loses_nothing_since_the_source_refuses_to_update_it) {
  Account pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec("ALTER TABLE account REPLICA IDENTITY NOTHING; " + rows(100, 101));
  BOOST_CHECK_THROW(pair.source.exec("UPDATE account SET first = 'lost' WHERE id = 1"), tests::SqlError);
  pair.agent.wait_applied();
  pair.expect_equal();
  BOOST_TEST(pair.agent.stop() == 0);
  pair.expect_run_ends(2, {"account", "REPLICA IDENTITY NOTHING", "remedy: "});
  pair.source.exec("ALTER TABLE account REPLICA IDENTITY DEFAULT; UPDATE account SET first = 'and on' WHERE id = 1");
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal();
}
