// Changes of the source's schema that the stream does not tell: rows change without a row event. The agent compares the catalog with what it
// recorded when it copied, at its start and every few seconds; then it stops and names the table, and after the remedy nothing is missing.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tests/integration/schema/account.hpp"

namespace {

using tests::Account;

struct Change {
  std::string name;
  std::string before;  ///< run before the first copy
  std::string ddl;
  std::string said;
};
std::ostream& operator<<(std::ostream& out, const Change& change) { return out << change.name; }

const std::string kPartitioned =
    "DROP TABLE account; CREATE TABLE account (id integer PRIMARY KEY, first varchar(20), spare integer, amount "
    "numeric(10,2), "
    "second varchar(20)) PARTITION BY RANGE (id);"
    "CREATE TABLE account_low PARTITION OF account FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE account_high PARTITION OF account FOR VALUES FROM (10) TO (1000);"
    "CREATE TABLE account_loose (LIKE account INCLUDING ALL); INSERT INTO account_loose (id, first) VALUES (1001, "
    "'brought');"
    "INSERT INTO account SELECT i, 'f' || i, i, i + 0.5, 's' || i FROM generate_series(1, 20) i;";

const std::string kPartitionedTwice =
    "DROP TABLE account; CREATE TABLE account (id integer PRIMARY KEY, first varchar(20), spare integer, amount "
    "numeric(10,2), second varchar(20)) PARTITION BY RANGE (id);"
    "CREATE TABLE account_all PARTITION OF account FOR VALUES FROM (0) TO (1000) PARTITION BY RANGE (id);"
    "CREATE TABLE account_low PARTITION OF account_all FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE account_high PARTITION OF account_all FOR VALUES FROM (10) TO (1000);"
    "INSERT INTO account SELECT i, 'f' || i, i, i + 0.5, 's' || i FROM generate_series(1, 20) i;";

const std::vector<Change> kChanges = {
    {"the last column dropped and added again", "",
     "ALTER TABLE account DROP COLUMN second; ALTER TABLE account ADD COLUMN second varchar(20) DEFAULT 'new'",
     "dropped and added again"},
    {"the table dropped and made again", "",
     "DROP TABLE account; CREATE TABLE account (id integer PRIMARY KEY, first varchar(20), spare integer, amount "
     "numeric(10,2), "
     "second varchar(20)); INSERT INTO account (id, first) VALUES (1, 'anew'), (50, 'anew')",
     "was dropped or moved away"},
    {"another table moved under the name", "",
     "CREATE TABLE account_new (LIKE account INCLUDING ALL); INSERT INTO account_new (id, first) VALUES (7, 'other');"
     "ALTER TABLE account RENAME TO account_old; ALTER TABLE account_new RENAME TO account",
     "was dropped or moved away"},
    {"values computed anew in the same type", "",
     "ALTER TABLE account ALTER COLUMN second TYPE varchar(20) USING upper(second)", "rewritten"},
    {"values cut off", "", "ALTER TABLE account ALTER COLUMN second TYPE varchar(2) USING left(second, 2)",
     "from character varying(20) to character varying(2)"},
    {"a partition detached", kPartitioned, "ALTER TABLE account DETACH PARTITION account_low",
     "account_low was detached"},
    {"a partition dropped", kPartitioned, "DROP TABLE account_low", "account_low was detached or dropped"},
    {"a partition attached with its rows", kPartitioned,
     "ALTER TABLE account ATTACH PARTITION account_loose FOR VALUES FROM (1000) TO (2000)",
     "account_loose was attached"},
    {"a partition filled and attached at once", kPartitioned,
     "BEGIN; CREATE TABLE p (LIKE account INCLUDING ALL); INSERT INTO p (id, first) VALUES (3000, 'p');"
     "ALTER TABLE account ATTACH PARTITION p FOR VALUES FROM (3000) TO (4000); COMMIT",
     "p was attached"},
    {"a partition detached, changed and attached again", kPartitioned,
     "ALTER TABLE account DETACH PARTITION account_low; UPDATE account_low SET first = 'aside' WHERE id = 2;"
     "DELETE FROM account_low WHERE id = 4; INSERT INTO account_low (id, first) VALUES (0, 'aside');"
     "ALTER TABLE account ATTACH PARTITION account_low FOR VALUES FROM (0) TO (10)",
     "account_low was detached and attached again"},
    {"what holds the partitions detached, changed and attached again", kPartitionedTwice,
     "ALTER TABLE account DETACH PARTITION account_all; UPDATE account_all SET first = 'aside' WHERE id = 2;"
     "DELETE FROM account_all WHERE id = 14;"
     "ALTER TABLE account ATTACH PARTITION account_all FOR VALUES FROM (0) TO (1000)",
     "was detached and attached again"},
    {"partitions made and filled apart, then attached together", kPartitioned,
     "CREATE TABLE account_far (LIKE account INCLUDING ALL) PARTITION BY RANGE (id);"
     "CREATE TABLE account_farthest PARTITION OF account_far FOR VALUES FROM (2000) TO (3000);"
     "INSERT INTO account_far (id, first) VALUES (2001, 'brought');"
     "ALTER TABLE account ATTACH PARTITION account_far FOR VALUES FROM (2000) TO (3000)",
     "account_farthest was attached"},
    {"one partition truncated", kPartitioned, "TRUNCATE account_low", "account_low was truncated"},
    {"all partitions truncated, each by its name", kPartitioned, "TRUNCATE account_low, account_high",
     "all partitions were truncated"},
    {"the table truncated in a transaction, its partitions in the next one", kPartitioned,
     "BEGIN; TRUNCATE account; INSERT INTO account (id, first) VALUES (5, 'between'), (15, 'between'); COMMIT;"
     "BEGIN; TRUNCATE account_low, account_high; COMMIT",
     "all partitions were truncated"},
    {"the table truncated in a savepoint", kPartitioned, "BEGIN; SAVEPOINT here; TRUNCATE account; COMMIT",
     "all partitions were truncated"},
};

}  // namespace

// reliability 84, 93, 94, 95, 134
BOOST_DATA_TEST_CASE(a_change_that_the_stream_does_not_tell_is_found_at_the_next_start,
                     boost::unit_test::data::make(kChanges), change) {
  Account pair(change.before);
  pair.bring_over();
  pair.expect_equal();
  // Of the older schema, still in the log when the agent comes back.
  pair.source.exec(
      "UPDATE account SET first = 'earlier' WHERE id = 12; INSERT INTO account (id, first) VALUES (60, 'earlier')");
  pair.source.exec(change.ddl);
  pair.source.exec("INSERT INTO account (id, first) VALUES (70, 'later'); INSERT INTO log VALUES (2, 'later')");
  pair.expect_run_ends(6, {"table=account", change.said, "remedy: "});
  pair.expect_slot_behind_checkpoint();
  pair.follow_remedy();
  pair.expect_equal();
  BOOST_TEST(pair.on_target("SELECT count(*) FROM logs") == "2");
  pair.source.exec("UPDATE account SET first = 'and on' WHERE id = 70");
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal();
}

// reliability 83, 84, 90, 114, 132, 134, 137: files change, rows move, and the stream tells all that matters
BOOST_AUTO_TEST_CASE(what_only_looks_like_it_goes_on) {
  Account pair(
      kPartitioned +
      "CREATE TYPE mood AS ENUM ('fine'); ALTER TABLE log ADD COLUMN mood mood; CREATE TABLE other (id integer "
      "PRIMARY KEY)");
  std::string mapping = Account::mapping();
  mapping.replace(mapping.find("line: line"), 10, "line: \"line || mood\"");
  pair.set_mapping(mapping);
  pair.agent.start();
  pair.agent.wait_streaming();
  for (const std::string statement : {
           "VACUUM FULL log",
           "CLUSTER log USING log_pkey",
           "TRUNCATE log",
           "INSERT INTO log VALUES (10, 'after the truncate', 'fine')",
           "ALTER TYPE mood ADD VALUE 'tired'",
           "INSERT INTO log VALUES (11, 'with a new value', 'tired')",
           "TRUNCATE account RESTART IDENTITY",
           "INSERT INTO account (id, first) VALUES (1, 'anew'), (11, 'anew')",
           "CREATE TABLE account_more PARTITION OF account FOR VALUES FROM (5000) TO (6000)",
           "INSERT INTO account (id, first) VALUES (5001, 'in a new leaf')",
           "TRUNCATE account_loose; ALTER TABLE account ATTACH PARTITION account_loose FOR VALUES FROM (1000) TO "
           "(2000)",
           "UPDATE account SET id = 5002 WHERE id = 1",
       }) {
    BOOST_TEST_CONTEXT(statement) { pair.source.exec(statement); }
  }
  pair.source_admin.exec("ALTER PUBLICATION dispatch_sync ADD TABLE other");
  pair.source.exec("INSERT INTO other VALUES (1); INSERT INTO account (id, first) VALUES (12, 'last')");
  pair.agent.wait_applied();
  pair.expect_equal();
  pair.expect_equal("SELECT id, line || mood FROM log ORDER BY 1", "SELECT legacy_id, line FROM logs ORDER BY 1");
  BOOST_TEST(pair.agent.stop() == 0);
  // None of it stops the next start, which compares all of it at once.
  pair.source.exec("UPDATE account SET first = 'and on' WHERE id > 10");
  pair.set_mapping(mapping.replace(mapping.find("[log"), 4, "[other, log") +
                   "ignore: { other: not for the new system }\n");
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal();
}

// reliability 93
BOOST_AUTO_TEST_CASE(a_change_that_the_stream_does_not_tell_stops_the_running_agent_behind_what_came_before_it) {
  Account pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec("INSERT INTO account (id, first) VALUES (60, 'before')");
  pair.source.exec(
      "ALTER TABLE account DROP COLUMN second; ALTER TABLE account ADD COLUMN second varchar(20) DEFAULT 'new'");
  pair.expect_end(6, {"table=account", "dropped and added again", "seen_lsn=", "applied_lsn=", "remedy: "});
  BOOST_TEST(pair.on_target("SELECT first FROM accounts WHERE legacy_id = 60") == "before");
  pair.expect_run_ends(6, {"table=account", "dropped and added again"});
  pair.follow_remedy();
  pair.expect_equal();
}

// reliability 95: the publication loses the table as well
BOOST_AUTO_TEST_CASE(a_table_that_is_dropped_and_made_again_stops_the_running_agent_and_loses_no_row_unasked) {
  Account pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec(
      "DROP TABLE account; CREATE TABLE account (id integer PRIMARY KEY, first varchar(20), spare integer, amount "
      "numeric(10,2), second varchar(20)); INSERT INTO account (id, first) VALUES (70, 'unsent')");
  pair.expect_end(6, {"table=account", "remedy: "});
  pair.expect_run_ends(6, {"table=account", "was dropped or moved away"});
  BOOST_TEST(pair.on_target("SELECT count(*) FROM accounts") == "20");
  pair.follow_remedy();
  pair.expect_equal();
}

// The log holds nothing of it, so whether a TRUNCATE of the whole explains it is known only where the log ends.
// reliability 93, 134
BOOST_AUTO_TEST_CASE(partitions_truncated_by_their_names_stop_whoever_comes_to_the_end_of_the_log) {
  Account pair(kPartitioned);
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec("TRUNCATE account_low, account_high; INSERT INTO account (id, first) VALUES (12, 'anew')");
  pair.expect_end(6, {"table=account", "all partitions were truncated", "applied_lsn=", "remedy: "});
  const tests::CommandResult sync = pair.agent.command({"sync", "--until-current"});
  BOOST_TEST(sync.exit_code == 6, sync.err);
  BOOST_TEST((sync.err.find("all partitions were truncated") != std::string::npos), sync.err);
  BOOST_TEST(pair.on_target("SELECT count(*) FROM accounts") == "20");
  pair.follow_remedy();
  pair.expect_equal();
}

// The record is renewed by a look, and there may be none between the TRUNCATE and the end of the agent.
// reliability 134
BOOST_AUTO_TEST_CASE(a_truncate_that_was_applied_by_an_earlier_run_is_known_to_the_next) {
  Account pair(kPartitioned);
  pair.bring_over();
  for (int round = 1; round <= 3; ++round) {
    pair.source.exec("TRUNCATE account; INSERT INTO account (id, first) VALUES (1, 'anew'), (12, 'anew')");
    pair.agent.must({"sync", "--until-current"});
    pair.expect_equal();
  }
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec("TRUNCATE account; INSERT INTO account (id, first) VALUES (2, 'again'), (13, 'again')");
  pair.agent.wait_applied();
  pair.agent.kill();
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal();
}

namespace {

struct Unfollowed {
  std::string name;
  std::string before;
  std::string ddl;   ///< not all changes come in the stream from here on
  std::string lost;  ///< changes that do not come
  std::string cure;
  std::string said;
};
std::ostream& operator<<(std::ostream& out, const Unfollowed& unfollowed) { return out << unfollowed.name; }

const std::vector<Unfollowed> kUnfollowed = {
    {"a table that inherits", "", "CREATE TABLE account_aside (PRIMARY KEY (id)) INHERITS (account)",
     "INSERT INTO account_aside (id, first) VALUES (300, 'aside')", "ALTER TABLE account_aside NO INHERIT account",
     "account_aside inherits from it"},
    {"a partition that is not logged", kPartitioned,
     "CREATE UNLOGGED TABLE account_more PARTITION OF account FOR VALUES FROM (5000) TO (6000)",
     "INSERT INTO account (id, first) VALUES (5001, 'unlogged')", "ALTER TABLE account_more SET LOGGED",
     "account_more is UNLOGGED"},
    {"all partitions not logged", kPartitioned,
     "ALTER TABLE account_low SET UNLOGGED; ALTER TABLE account_high SET UNLOGGED",
     "UPDATE account SET first = 'unlogged' WHERE id < 12",
     "ALTER TABLE account_low SET LOGGED; ALTER TABLE account_high SET LOGGED", "account_low is UNLOGGED"},
};

}  // namespace

// reliability 93, 131
BOOST_DATA_TEST_CASE(a_table_whose_changes_do_not_all_come_is_refused_by_name,
                     boost::unit_test::data::make(kUnfollowed), unfollowed) {
  Account pair(unfollowed.before + unfollowed.ddl);
  const auto expect_check_says = [&] {
    const tests::CommandResult check = pair.agent.command({"check"});
    BOOST_TEST(check.exit_code == 1, check.out);
    BOOST_TEST((check.out.find(unfollowed.said) != std::string::npos), check.out);
  };
  pair.source.exec(unfollowed.lost);
  expect_check_says();
  pair.expect_run_ends(6, {"table=account", unfollowed.said, "remedy: "});
  BOOST_TEST(pair.on_target("SELECT count(*) FROM accounts") == "0");
  pair.source.exec(unfollowed.cure);
  pair.bring_over();
  pair.expect_equal();
}

// reliability 93, 131
BOOST_DATA_TEST_CASE(a_table_whose_changes_do_not_all_come_any_more_stops_the_agent_until_it_is_read_anew,
                     boost::unit_test::data::make(kUnfollowed), unfollowed) {
  Account pair(unfollowed.before);
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec("UPDATE account SET first = 'before' WHERE id = 12");
  pair.source.exec(unfollowed.ddl);
  pair.source.exec(unfollowed.lost);
  pair.expect_end(6, {"table=account", unfollowed.said, "remedy: "});
  BOOST_TEST(pair.on_target("SELECT first FROM accounts WHERE legacy_id = 12") == "before");
  pair.expect_run_ends(6, {"table=account", unfollowed.said});
  pair.source.exec(unfollowed.cure);
  pair.expect_run_ends(6, {"table=account", unfollowed.said, "remedy: "});
  pair.follow_remedy();
  pair.expect_equal();
}

// A key that changes its columns would hand out other ids: every row would be there twice.
BOOST_AUTO_TEST_CASE(ids_are_never_made_of_another_key) {
  Account pair("ALTER TABLE account ADD UNIQUE (spare), ALTER COLUMN spare SET NOT NULL;");
  pair.bring_over();
  const std::string ids = pair.on_target("SELECT string_agg(id::text, ',' ORDER BY legacy_id) FROM accounts");
  pair.source.exec("ALTER TABLE account DROP CONSTRAINT account_pkey, ADD UNIQUE (id), ADD PRIMARY KEY (spare)");
  for (const char* command : {"run", "snapshot"}) {
    const tests::CommandResult result = pair.agent.command({command});
    BOOST_TEST(result.exit_code == 6, result.err);
    BOOST_TEST((result.err.find("key_before=(id) key_now=(spare)") != std::string::npos), result.err);
  }
  std::string mapping =
      Account::mapping("first: first, second: second, amount: amount, legacy_id: id", "account", ", key: [id]");
  pair.set_mapping(mapping);
  pair.source.exec("ALTER TABLE account RENAME COLUMN id TO account_id");
  mapping = Account::mapping("first: first, second: second, amount: amount, legacy_id: account_id", "account",
                             ", key: [account_id]");
  pair.set_mapping(mapping);
  pair.agent.must({"snapshot"});
  pair.agent.must({"sync", "--until-current"});
  pair.expect_equal("SELECT account_id, first, second, amount FROM account ORDER BY 1");
  BOOST_TEST(pair.on_target("SELECT string_agg(id::text, ',' ORDER BY legacy_id) FROM accounts") == ids);
}
